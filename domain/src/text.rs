//! Text from outside, made safe to show: it formats nothing, pings nobody and hides nothing.

/// Characters that make a text look like another one: bidirectional controls, zero-width and tag
/// characters, variation selectors, and the byte order mark (the "Trojan Source" family).
#[must_use]
pub fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether there is nothing to read in it.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    // Letters and a pattern of dots that are drawn as nothing.
    let is_filler = |c| matches!(c, '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}');
    text.chars().all(|c| c.is_whitespace() || c.is_control() || is_deceptive(c) || is_filler(c))
}

/// Shows deceptive and control characters as `U+XXXX`; line breaks become spaces.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            c if c.is_control() || is_deceptive(c) => out.push_str(&format!("U+{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// Text from outside as running text in chat: Markdown, links, mentions and timestamps lose their meaning.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        if matches!(c, '\\' | '*' | '_' | '~' | '|' | '`' | '>' | '<' | '[' | ']' | '#' | '@') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Text that leaves for places with mentions of their own, such as GitHub, or for wherever people paste it: there a
/// backslash keeps no `@` from calling somebody, but a word joiner behind it does, and nobody sees it.
#[must_use]
pub fn unpinged(text: &str) -> String {
    text.replace('@', "@\u{2060}")
}

/// The same as [`plain`] for a text of several lines: they stay, empty ones do not.
#[must_use]
pub fn paragraphs(text: &str) -> String {
    let lines = text.lines().map(plain).filter(|line| !line.trim().is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

/// With everything encoded that may have a meaning in a URL (RFC 3986, section 2.3).
#[must_use]
pub fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// `1 tenant`, `2 tenants`.
#[must_use]
pub fn counted(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// `a, b and 3 more`.
#[must_use]
pub fn some(names: &[String], most: usize) -> String {
    let more = names.len().saturating_sub(most);
    let shown = names.iter().take(most).cloned().collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

/// `1.5 GB`, in steps of a thousand.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["B", "kB", "MB", "GB"];
    let (mut value, mut unit) = (bytes as f64, 0);
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// Text from outside as an inline code span. The fence is longer than any run of backticks inside,
/// so that the span cannot be left.
#[must_use]
pub fn code(text: &str) -> String {
    let text = visible(text);
    if !text.contains('`') {
        return format!("`{}`", if text.is_empty() { " " } else { &text });
    }
    // Discord knows fences of one and two backticks; longer runs are broken up.
    let mut broken = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if c == '`' && broken.ends_with('`') {
            broken.push('\u{2009}');
        }
        broken.push(c);
    }
    format!("`` {broken} ``")
}

/// Cuts a text to at most `max` characters and says so with an ellipsis.
#[must_use]
pub fn clip(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(max.saturating_sub(1)).collect();
    // A lone backslash at the end would escape whatever is put behind it.
    while cut.ends_with('\\') {
        cut.pop();
    }
    cut.push('…');
    cut
}

/// Chat text for places that know no chat: people stand as `name_of` calls them, times in UTC.
#[must_use]
pub fn outside(text: &str, name_of: impl Fn(u64) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        // What came from outside was escaped, so an open angle bracket is ours.
        let mark = after.split_once('>').filter(|_| !before.ends_with('\\'));
        match mark.and_then(|(mark, tail)| Some((said(mark, &name_of)?, tail))) {
            Some((said, tail)) => {
                out.push_str(&said);
                rest = tail;
            }
            None => {
                out.push('<');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// A mention or a time of the chat in words.
fn said(mark: &str, name_of: impl Fn(u64) -> Option<String>) -> Option<String> {
    if let Some(id) = mark.strip_prefix('@') {
        let name = name_of(id.parse().ok()?);
        return Some(name.map_or_else(|| "somebody".into(), |name| plain(&name)));
    }
    let seconds = mark.strip_prefix("t:")?.split(':').next()?;
    Some(jiff::Timestamp::from_second(seconds.parse().ok()?).ok()?.to_string())
}

/// A duration as people say it: `4 s`, `2 min 05 s`, `1 h 07 min`.
#[must_use]
pub fn duration(length: jiff::SignedDuration) -> String {
    let seconds = length.as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_text_is_shown_and_means_nothing() {
        assert_eq!(plain("@everyone"), "\\@everyone");
        assert_eq!(plain("<@&42> [x](http://evil)"), "\\<\\@&42\\> \\[x\\](http://evil)");
        assert_eq!(plain("a\u{202e}b\nc\u{7}"), "aU+202Eb cU+0007");
        assert_eq!(code("x"), "`x`");
        assert_eq!(code("a`b"), "`` a`b ``");
        assert_eq!(code("```"), "`` `\u{2009}`\u{2009}` ``", "three are more than one pair");
        assert!(is_blank("") && is_blank(" \n\u{200b}\u{3000}\u{7}") && !is_blank(" . "));
        assert_eq!(unpinged("@here, a@b"), "@\u{2060}here, a@\u{2060}b");
        assert_eq!(clip("abcdef", 4), "abc…");
        assert_eq!(duration(jiff::SignedDuration::from_secs(125)), "2 min 05 s");
    }

    #[test]
    fn outside_the_chat_people_have_names_and_times_a_zone() {
        let name = |id| (id == 7).then(|| "rita_b".to_owned());
        let told = |text| outside(text, name);
        assert_eq!(told("signed by <@7> and <@8>, opens <t:1790000000:f>"), {
            "signed by rita\\_b and somebody, opens 2026-09-21T14:13:20Z"
        });
        assert_eq!(told("1 < 2 <b> \\<\\@7\\> <@x> <t:x:R>"), "1 < 2 <b> \\<\\@7\\> <@x> <t:x:R>");
    }

    proptest! {
        #[test]
        fn nothing_leaves_a_code_span(text in ".{0,60}") {
            let span = code(&text);
            if let Some(inner) = span.strip_prefix("`` ").and_then(|s| s.strip_suffix(" ``")) {
                prop_assert!(!inner.contains("``"));
            } else {
                let inner = &span[1..span.len() - 1];
                prop_assert!(!inner.contains('`'));
            }
        }

        #[test]
        fn every_meaningful_character_is_escaped(text in ".{0,60}") {
            let mut chars = plain(&text).chars().collect::<Vec<_>>().into_iter();
            while let Some(c) = chars.next() {
                if c == '\\' {
                    chars.next();
                } else {
                    prop_assert!(!"*_~|`><[]#@".contains(c));
                }
            }
        }
    }
}
