//! The sign-off sheet as a PDF, to be printed and filed. The font lies within it, so that it looks the same in ten
//! years; what the font lacks is written as its number, so that nothing is lost.

use std::{collections::BTreeMap, io::Write as _};

use flate2::{Compression, write::ZlibEncoder};
use pdf_writer::{
    Content, Filter, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr,
    types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap},
};
use signalbox_domain::{audit::File, effect::Entry};
use ttf_parser::{Face, GlyphId};

const FONT: &[u8] = include_bytes!("../../assets/DejaVuSans.ttf");
const FONT_NAME: Name<'static> = Name(b"DejaVuSans");
/// The font's name within pages.
const F: Name<'static> = Name(b"F");
const IDENTITY: SystemInfo<'static> = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// A4 in points, and the margin around what is written.
const PAGE: (f32, f32) = (595.0, 842.0);
const MARGIN: f32 = 50.0;

/// One line as it stands on a page.
#[derive(Debug, Clone, PartialEq)]
struct Line {
    text: String,
    /// Of the letters, in points.
    size: f32,
    /// From the left margin, in points.
    indent: f32,
    /// What is left free above it, in points.
    gap: f32,
    /// Its lightness, 0 is black.
    grey: f32,
}

impl Line {
    fn height(&self) -> f32 {
        self.size * 1.35
    }
}

/// The sheet; `None` only when the font that is part of this program cannot be read.
pub(super) fn pdf(file: &File) -> Option<Vec<u8>> {
    let font = Font::new()?;
    Some(written(&font, &pages(lines(&font, file))))
}

/// The font that is part of this program.
struct Font(Face<'static>);

impl Font {
    fn new() -> Option<Self> {
        Face::parse(FONT, 0).ok().map(Self)
    }

    /// Text in letters that the font has.
    fn spelled(&self, text: &str) -> String {
        let mut spelled = String::new();
        for letter in text.chars() {
            match letter {
                '\t' => spelled.push(' '),
                letter if self.0.glyph_index(letter).is_some_and(|glyph| glyph.0 != 0) => spelled.push(letter),
                letter => spelled.push_str(&format!("[U+{:04X}]", u32::from(letter))),
            }
        }
        spelled
    }

    fn glyph(&self, letter: char) -> GlyphId {
        self.0.glyph_index(letter).unwrap_or(GlyphId(0))
    }

    /// In thousandths of the size.
    fn advance(&self, glyph: GlyphId) -> f32 {
        self.per_mille(self.0.glyph_hor_advance(glyph).unwrap_or(0).into())
    }

    fn per_mille(&self, units: f32) -> f32 {
        units * 1000.0 / f32::from(self.0.units_per_em())
    }

    /// A paragraph in lines that are not wider than `room` points, broken after blanks where there are any.
    fn wrapped(&self, text: &str, size: f32, room: f32) -> Vec<String> {
        let (mut lines, mut line, mut width) = (vec![], String::new(), 0.0);
        for letter in self.spelled(text).chars() {
            let advance = self.advance(self.glyph(letter)) * size / 1000.0;
            if width + advance > room && !line.is_empty() {
                let rest = match line.rfind(' ').filter(|_| letter != ' ') {
                    Some(blank) => line.split_off(blank + 1),
                    None => String::new(),
                };
                lines.push(std::mem::replace(&mut line, rest).trim_end().to_owned());
                width = line.chars().map(|letter| self.advance(self.glyph(letter)) * size / 1000.0).sum();
            }
            line.push(letter);
            width += advance;
        }
        lines.push(line.trim_end().to_owned());
        lines
    }
}

/// What stands on the sheet, from top to bottom.
fn lines(font: &Font, file: &File) -> Vec<Line> {
    let mut lines: Vec<Line> = vec![];
    let mut say = |text: &str, size: f32, indent: f32, gap: f32, grey: f32| {
        let mut gap = gap;
        for paragraph in text.lines() {
            for text in font.wrapped(paragraph, size, PAGE.0 - 2.0 * MARGIN - indent) {
                lines.push(Line { text, size, indent, gap: std::mem::take(&mut gap), grey });
            }
        }
    };
    say(&format!("Audit trail: {}", file.about), 15.0, 0.0, 0.0, 0.0);
    say(
        &format!(
            "Made {:.0} by Signalbox. {} rows follow {}; the last is\n{}\n\
             This sheet is for reading. `signalbox audit verify --file` verifies the same range exported as JSON or \
             CSV; compare the last hash with what was posted outside.",
            file.made_at,
            file.rows.len(),
            file.before,
            file.head
        ),
        8.0,
        0.0,
        6.0,
        0.35,
    );
    for (subject, entries) in file.sections() {
        say(subject, 11.5, 0.0, 16.0, 0.0);
        for (seq, Entry { at, actor, action, detail, .. }) in entries {
            say(&format!("{at:.3}   {actor}   {action}   row {seq}"), 8.0, 0.0, 7.0, 0.35);
            say(detail, 9.0, 10.0, 1.0, 0.0);
        }
    }
    lines
}

/// A line that begins something is not left alone at the foot of a page.
fn pages(lines: Vec<Line>) -> Vec<Vec<Line>> {
    let room = PAGE.1 - 2.0 * MARGIN;
    let (mut pages, mut page, mut used) = (vec![], vec![], 0.0);
    for line in lines {
        let begins = line.gap > 6.0;
        let needed = line.gap + line.height() * if begins { 3.0 } else { 1.0 };
        if used + needed > room && !page.is_empty() {
            pages.push(std::mem::take(&mut page));
            used = 0.0;
        }
        used += line.gap + line.height();
        page.push(line);
    }
    pages.push(page);
    pages
}

fn written(font: &Font, pages: &[Vec<Line>]) -> Vec<u8> {
    let mut next = 1;
    let mut id = || {
        next += 1;
        Ref::new(next - 1)
    };
    let (catalog, tree, type0, cid, descriptor, data, cmap, info) = (id(), id(), id(), id(), id(), id(), id(), id());
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(tree);
    pdf.document_info(info).title(TextStr("Audit trail")).producer(TextStr("Signalbox"));
    let mut used: BTreeMap<GlyphId, char> = BTreeMap::new();
    let mut kids = vec![];
    for (n, page) in pages.iter().enumerate() {
        let (page_id, content_id) = (id(), id());
        kids.push(page_id);
        let mut content = Content::new();
        let mut show = |line: &Line, y: f32| {
            let glyphs = line.text.chars().map(|letter| (font.glyph(letter), letter));
            let mut bytes = vec![];
            for (glyph, letter) in glyphs {
                bytes.extend(glyph.0.to_be_bytes());
                used.entry(glyph).or_insert(letter);
            }
            content.begin_text().set_fill_gray(line.grey).set_font(F, line.size);
            content.next_line(MARGIN + line.indent, y).show(Str(&bytes)).end_text();
        };
        let mut y = PAGE.1 - MARGIN;
        for line in page {
            y -= line.gap + line.height();
            show(line, y);
        }
        let foot = format!("{} / {}", n + 1, pages.len());
        show(&Line { text: foot, size: 8.0, indent: 0.0, gap: 0.0, grey: 0.35 }, MARGIN / 2.0);
        pdf.stream(content_id, &packed(&content.finish())).filter(Filter::FlateDecode);
        let mut written = pdf.page(page_id);
        written.parent(tree).media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).contents(content_id);
        written.resources().fonts().pair(F, type0);
    }
    pdf.pages(tree).count(i32::try_from(kids.len()).unwrap_or(i32::MAX)).kids(kids);

    pdf.type0_font(type0)
        .base_font(FONT_NAME)
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(cid)
        .to_unicode(cmap);
    let mut widths = pdf.cid_font(cid);
    widths.subtype(CidFontType::Type2).base_font(FONT_NAME).system_info(IDENTITY).font_descriptor(descriptor);
    widths.default_width(0.0).cid_to_gid_map_predefined(Name(b"Identity"));
    let mut each = widths.widths();
    for glyph in used.keys() {
        each.same(glyph.0, glyph.0, font.advance(*glyph));
    }
    each.finish();
    widths.finish();
    let bounds = font.0.global_bounding_box();
    let [left, bottom, right, top] =
        [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max].map(|units| font.per_mille(units.into()));
    pdf.font_descriptor(descriptor)
        .name(FONT_NAME)
        .flags(FontFlags::SYMBOLIC)
        .bbox(Rect::new(left, bottom, right, top))
        .italic_angle(0.0)
        .ascent(font.per_mille(font.0.ascender().into()))
        .descent(font.per_mille(font.0.descender().into()))
        .cap_height(font.per_mille(font.0.capital_height().unwrap_or(1_493).into()))
        .stem_v(80.0)
        .font_file2(data);
    let packed_font = packed(FONT);
    let mut file = pdf.stream(data, &packed_font);
    file.filter(Filter::FlateDecode).pair(Name(b"Length1"), i32::try_from(FONT.len()).unwrap_or(i32::MAX));
    file.finish();
    let mut letters = UnicodeCmap::<u16>::new(Name(b"Letters"), IDENTITY);
    used.iter().for_each(|(glyph, letter)| letters.pair(glyph.0, *letter));
    pdf.cmap(cmap, &letters.finish());
    pdf.finish()
}

/// Writing to memory does not fail.
fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::ZlibDecoder;
    use signalbox_domain::{
        Timestamp,
        audit::{Head, Row},
    };

    use super::*;

    fn sheet(details: &[&str]) -> File {
        let mut rows: Vec<Row> = vec![];
        for detail in details {
            let head = rows.last().map_or(Head::START, Row::head);
            let entry = Entry {
                at: Timestamp::UNIX_EPOCH,
                actor: "Łucja".into(),
                action: "deployment.signed".into(),
                subject: format!("deployment {}", rows.len() % 2),
                detail: (*detail).to_owned(),
            };
            rows.push(Row::after(head, entry, None));
        }
        File::stretch("September".into(), Head::START, rows, Timestamp::UNIX_EPOCH)
    }

    /// All text that a PDF of ours shows, read back through its own table of letters.
    fn read(pdf: &[u8]) -> String {
        let font = Font::new().unwrap();
        let letters: BTreeMap<u16, char> =
            (' '..'\u{ffff}').filter_map(|letter| Some((font.0.glyph_index(letter)?.0, letter))).collect();
        let mut text = String::new();
        let mut rest = pdf;
        while let Some(at) = rest.windows(7).position(|bytes| bytes == b"stream\n") {
            rest = &rest[at + 7..];
            let mut content = vec![];
            if ZlibDecoder::new(rest).read_to_end(&mut content).is_err() || !content.starts_with(b"BT") {
                continue;
            }
            let content = String::from_utf8(content).unwrap();
            for shown in content.lines().filter_map(|line| line.strip_suffix(" Tj")) {
                let bytes = unquoted(shown);
                text.extend(bytes.chunks(2).map(|pair| letters[&u16::from_be_bytes([pair[0], pair[1]])]));
                text.push('\n');
            }
        }
        text
    }

    /// The bytes of a string in a PDF, `<…>` or `(…)`.
    fn unquoted(text: &str) -> Vec<u8> {
        if let Some(hex) = text.strip_prefix('<') {
            return hex::decode(hex.trim_end_matches('>')).unwrap();
        }
        let (mut bytes, mut rest) = (vec![], text[1..text.len() - 1].chars());
        while let Some(letter) = rest.next() {
            bytes.push(match letter {
                '\\' => match rest.next().unwrap() {
                    'n' => b'\n',
                    'r' => b'\r',
                    't' => b'\t',
                    'b' => 8,
                    'f' => 12,
                    digit @ '0'..='7' => {
                        let octal: String = [digit, rest.next().unwrap(), rest.next().unwrap()].iter().collect();
                        u8::from_str_radix(&octal, 8).unwrap()
                    }
                    other => other as u8,
                },
                other => other as u8,
            });
        }
        bytes
    }

    #[test]
    fn the_sheet_is_read_back_as_it_was_written() {
        let file = sheet(&["signs commit ab12 ✓", "第", "two\nlines"]);
        let bytes = pdf(&file).unwrap();
        assert!(bytes.starts_with(b"%PDF-1.") && bytes.trim_ascii_end().ends_with(b"%%EOF"));
        insta::assert_snapshot!(read(&bytes), @"
        Audit trail: September
        Made 1970-01-01T00:00:00Z by Signalbox. 3 rows follow
        0:0000000000000000000000000000000000000000000000000000000000000000; the last is
        3:0c186f234706c5896aa75911f5ca1dee0000cdfa7ca1b500fc53c846faa9ead3
        This sheet is for reading. `signalbox audit verify --file` verifies the same range exported as JSON or CSV; compare the last
        hash with what was posted outside.
        deployment 0
        1970-01-01T00:00:00.000Z   Łucja   deployment.signed   row 1
        signs commit ab12 ✓
        1970-01-01T00:00:00.000Z   Łucja   deployment.signed   row 3
        two
        lines
        deployment 1
        1970-01-01T00:00:00.000Z   Łucja   deployment.signed   row 2
        [U+7B2C]
        1 / 1
        ");
    }

    #[test]
    fn long_text_is_broken_and_goes_on_over_pages() {
        let font = Font::new().unwrap();
        let words = "word ".repeat(200);
        let endless = "x".repeat(2_000);
        let lines = lines(&font, &sheet(&[&words, &endless, &"a\n".repeat(300)]));
        let wide = |line: &Line| -> f32 {
            line.text.chars().map(|l| font.advance(font.glyph(l)) * line.size / 1000.0).sum::<f32>() + line.indent
        };
        assert!(lines.iter().all(|line| wide(line) <= PAGE.0 - 2.0 * MARGIN), "a line is too wide");
        let together: String = lines.iter().map(|line| line.text.as_str()).collect();
        assert!(together.contains(&endless), "nothing is lost");
        assert_eq!(together.matches("word").count(), 200);
        let pages = pages(lines.clone());
        assert_eq!(pages.concat(), lines);
        assert!(pages.len() > 4);
        for page in pages {
            let height: f32 = page.iter().map(|line| line.gap + line.height()).sum();
            assert!(height <= PAGE.1 - 2.0 * MARGIN, "{height}");
        }
    }
}
