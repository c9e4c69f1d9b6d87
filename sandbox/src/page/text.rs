//! Discord's Markdown as HTML: the part of it that bots use. Whatever is not understood stays text.

use std::collections::HashMap;

use jiff::Timestamp;
use maud::{Markup, PreEscaped, html};

/// What mentions and links of the chat mean here.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Names by mention: `@7`, `@&7` and `#7` without their brackets.
    pub(super) known: HashMap<String, String>,
    /// The rest of a query that keeps what is looked at apart from the channel.
    pub(super) kept: String,
}

/// A message's content, or the description or a field of an embed.
pub(super) fn render(text: &str, names: &Names) -> Markup {
    let mut out = String::new();
    // Every second part lies between two fences.
    for (index, part) in text.split("```").enumerate() {
        if index % 2 == 1 {
            out += &html! { pre tabindex="0" { code { (without_language(part)) } } }.into_string();
        } else if !part.trim().is_empty() {
            out += &blocks(part.trim_matches('\n'), names).into_string();
        }
    }
    PreEscaped(out)
}

/// The first line of a fenced block may name its language.
fn without_language(code: &str) -> &str {
    match code.split_once('\n') {
        Some((first, rest)) if first.chars().all(|c| c.is_ascii_alphanumeric()) => rest,
        _ => code,
    }
    .trim_end_matches('\n')
}

fn blocks(text: &str, names: &Names) -> Markup {
    html! {
        @for line in text.lines() {
            @let (kind, rest) = block(line);
            div class=(kind) { (inline(rest, names)) }
        }
    }
}

/// What kind of line it is, and its text without the sign for that.
fn block(line: &str) -> (&'static str, &str) {
    const SIGNS: [(&str, &str); 7] = [
        ("### ", "line h3"),
        ("## ", "line h2"),
        ("# ", "line h1"),
        ("-# ", "line small"),
        ("> ", "line quote"),
        ("- ", "line item"),
        ("* ", "line item"),
    ];
    let indented = line.trim_start();
    for (sign, kind) in SIGNS {
        if let Some(rest) = indented.strip_prefix(sign) {
            return (kind, rest);
        }
    }
    if indented.len() < line.len() { ("line indented", indented) } else { ("line", line) }
}

/// The first of the known marks in `text` decides; what stands before it is plain.
fn inline(text: &str, names: &Names) -> Markup {
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let found = rest.char_indices().find_map(|(at, _)| mark(&rest[at..], names).map(|mark| (at, mark)));
        let Some((at, (html, length))) = found else {
            break;
        };
        out += &html! { (&rest[..at]) }.into_string();
        out += &html.into_string();
        rest = &rest[at + length..];
    }
    out += &html! { (rest) }.into_string();
    PreEscaped(out)
}

/// A mark at the very start of `text`: its HTML and its length in bytes.
fn mark(text: &str, names: &Names) -> Option<(Markup, usize)> {
    match text.as_bytes().first()? {
        b'\\' => {
            let escaped = text[1..].chars().next().filter(char::is_ascii_punctuation)?;
            Some((html! { (escaped) }, 1 + escaped.len_utf8()))
        }
        b'`' => between(text, "`").map(|(code, length)| (html! { code { (code) } }, length)),
        b'*' => paired(text, "**", names, |inner| html! { strong { (inner) } })
            .or_else(|| paired(text, "*", names, |inner| html! { em { (inner) } })),
        b'_' => paired(text, "__", names, |inner| html! { u { (inner) } })
            .or_else(|| paired(text, "_", names, |inner| html! { em { (inner) } })),
        b'~' => paired(text, "~~", names, |inner| html! { s { (inner) } }),
        b'[' => labelled_link(text, names),
        b'<' => bracketed(text, names),
        b'h' => jump(text, names).or_else(|| bare_link(text)),
        _ => None,
    }
}

fn between<'a>(text: &'a str, sign: &str) -> Option<(&'a str, usize)> {
    let inner = text.strip_prefix(sign)?;
    let end = inner.find(sign).filter(|end| *end > 0)?;
    Some((&inner[..end], sign.len() * 2 + end))
}

fn paired(text: &str, sign: &str, names: &Names, wrap: impl Fn(Markup) -> Markup) -> Option<(Markup, usize)> {
    let (inner, length) = between(text, sign)?;
    // `2 * 3 * 4` and `snake_case` are no emphasis.
    let tight = !inner.starts_with(' ') && !inner.ends_with(' ');
    let whole_word = sign != "_" || !text[length..].starts_with(|c: char| c.is_alphanumeric());
    (tight && whole_word).then(|| (wrap(inline(inner, names)), length))
}

fn labelled_link(text: &str, names: &Names) -> Option<(Markup, usize)> {
    let (label, rest) = text[1..].split_once("](")?;
    let (url, _) = rest.split_once(')')?;
    let length = label.len() + url.len() + 4;
    Some((link(url.trim_matches(['<', '>']), inline(label, names))?, length))
}

/// A link to a message or channel of the chat, which leads to its place on this page.
fn jump(text: &str, names: &Names) -> Option<(Markup, usize)> {
    let path = text.strip_prefix("https://discord.com/channels/")?;
    let end = path.find(|c: char| !c.is_ascii_digit() && c != '/').unwrap_or(path.len());
    let mut ids = path[..end].split('/').skip(1);
    let (channel, message) = (ids.next()?, ids.next());
    let name = names.known.get(&format!("#{channel}"))?;
    let anchor = message.map_or_else(String::new, |id| format!("#m{id}"));
    let html = html! {
        a.mention href=(format!("/?channel={channel}{}{anchor}", names.kept)) {
            (name) @if message.is_some() { " › message" }
        }
    };
    Some((html, text.len() - path.len() + end))
}

fn bare_link(text: &str) -> Option<(Markup, usize)> {
    let end = text.find(|c: char| c.is_whitespace() || "<>\"`|".contains(c)).unwrap_or(text.len());
    let url = text[..end].trim_end_matches([')', '.', ',', ';', ':', '*', '!', '?']);
    Some((link(url, html! { (url) })?, url.len()))
}

/// Only the web can be linked to.
pub(super) fn link(url: &str, label: Markup) -> Option<Markup> {
    (url.starts_with("https://") || url.starts_with("http://"))
        .then(|| html! { a href=(url) target="_blank" rel="noopener noreferrer" { (label) } })
}

/// `<t:…>`, `<@…>`, `<@&…>`, `<#…>`, `<:name:id>` and `<https://…>`.
fn bracketed(text: &str, names: &Names) -> Option<(Markup, usize)> {
    let (inner, _) = text[1..].split_once('>')?;
    let length = inner.len() + 2;
    let html = if let Some(moment) = inner.strip_prefix("t:") {
        time(moment)?
    } else if let Some(emoji) = inner.strip_prefix(':').or_else(|| inner.strip_prefix("a:")) {
        let name = emoji.split(':').next().unwrap_or_default();
        html! { (format!(":{name}:")) }
    } else if inner.starts_with(['@', '#']) {
        let id = inner.replace('!', "");
        let known = names.known.get(&id).cloned();
        let shown = known.unwrap_or_else(|| if id.starts_with('#') { "#unknown" } else { "@unknown" }.to_owned());
        html! { span.mention { (shown) } }
    } else {
        link(inner, html! { (inner) })?
    };
    Some((html, length))
}

/// `1700000000` or `1700000000:R`, which the browser keeps up to date.
fn time(moment: &str) -> Option<Markup> {
    let (seconds, style) = moment.split_once(':').unwrap_or((moment, "f"));
    let moment = Timestamp::from_second(seconds.parse().ok()?).ok()?;
    let show = match style {
        "R" => "ago",
        "t" | "T" => "clock",
        _ => "date",
    };
    Some(html! { time datetime=(moment) data-show=(show) { (moment) } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str) -> String {
        let names = [("@7", "@erin"), ("@&8", "@lead"), ("#9", "#uat")];
        let known = names.map(|(id, name)| (id.to_owned(), name.to_owned())).into();
        let names = Names { known, kept: "&as=erin".to_owned() };
        render(text, &names).into_string().replace("<div class=\"line\">", "").replace("</div>", "")
    }

    #[test]
    fn marks_become_elements() {
        assert_eq!(rendered("**Verified**: *green*"), "<strong>Verified</strong>: <em>green</em>");
        assert_eq!(rendered("`uat` → ~~old~~"), "<code>uat</code> → <s>old</s>");
        assert_eq!(rendered("🛠 **`a_b`** x"), "🛠 <strong><code>a_b</code></strong> x");
        assert_eq!(
            rendered("<@7> <@!7> <@&8> <#9> <@1>"),
            [
                r#"<span class="mention">@erin</span> <span class="mention">@erin</span> "#,
                r#"<span class="mention">@lead</span> <span class="mention">#uat</span> "#,
                r#"<span class="mention">@unknown</span>"#,
            ]
            .concat()
        );
    }

    #[test]
    fn what_is_no_mark_stays_text() {
        for text in ["2 * 3 * 4", "snake_case_name", "a [b] (c)", "**open", "1 > 2", "h", "\u{1F6A8} x"] {
            assert_eq!(rendered(text), text.replace('>', "&gt;"), "{text}");
        }
        assert_eq!(rendered(r"\*not bold\*"), "*not bold*");
    }

    #[test]
    fn content_is_escaped_everywhere() {
        for text in ["<script>x</script>", "`<b>`", "**<img src=x>**", "```\n<i>\n```", "[<b>](https://x.test/\"<)"] {
            let html = rendered(text);
            for tag in ["<script", "<img", "<i>", "<b>", "\"<)"] {
                assert!(!html.contains(tag), "{html}");
            }
        }
    }

    #[test]
    fn only_the_web_is_linked_to() {
        let target = r#"target="_blank" rel="noopener noreferrer""#;
        assert_eq!(rendered("[run](https://x.test/1)"), format!(r#"<a href="https://x.test/1" {target}>run</a>"#));
        assert_eq!(
            rendered("see https://x.test/1."),
            format!(r#"see <a href="https://x.test/1" {target}>https://x.test/1</a>."#)
        );
        assert_eq!(rendered("[x](javascript:alert(1))"), "[x](javascript:alert(1))");
    }

    #[test]
    fn links_into_the_chat_stay_on_the_page() {
        assert_eq!(
            rendered("see https://discord.com/channels/1/9/55."),
            r#"see <a class="mention" href="/?channel=9&amp;as=erin#m55">#uat › message</a>."#
        );
        assert!(rendered("https://discord.com/channels/1/404/55").contains("_blank"));
    }

    #[test]
    fn times_and_blocks_are_told_apart() {
        assert_eq!(
            rendered("<t:1700000000:R>"),
            r#"<time datetime="2023-11-14T22:13:20Z" data-show="ago">2023-11-14T22:13:20Z</time>"#
        );
        assert!(rendered("> quoted").contains("line quote"));
        assert!(rendered("  • fact").contains("line indented"));
        assert_eq!(rendered("```sql\nSELECT 1\n```"), "<pre tabindex=\"0\"><code>SELECT 1</code></pre>");
    }
}
