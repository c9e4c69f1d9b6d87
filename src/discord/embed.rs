//! A card as Discord shows it: one embed and rows of buttons, within Discord's limits.

use poise::serenity_prelude as serenity;
use serenity::{ButtonStyle, CreateActionRow, CreateButton, CreateEmbed, CreateEmbedFooter};
use signalbox_domain::{
    card::{Button, Card, Press, Tone},
    gate::VETO,
    text::clip,
};

use super::chat::reaction_type;

/// Discord's limits, in characters
/// (<https://discord.com/developers/docs/resources/message#embed-object-embed-limits>).
const TITLE: usize = 256;
const TEXT: usize = 4_096;
const FOOTER: usize = 2_048;
const FIELDS: usize = 25;
const FIELD_NAME: usize = 256;
const FIELD_VALUE: usize = 1_024;
const ALL: usize = 6_000;
/// Rows, buttons in a row, and characters of a label and of an address
/// (<https://discord.com/developers/docs/components/reference#button>).
const ROWS: usize = 5;
const BUTTONS: usize = 5;
const LABEL: usize = 80;
const URL: usize = 512;
/// What stands where a text is empty: Discord wants at least one character.
const EMPTY: &str = "–";

/// The card's frame with everything in it.
pub(super) fn embed(card: &Card) -> CreateEmbed {
    // One character is kept for the text, which gives way when all of it is too long: fields carry what was found.
    let mut room = ALL - 1;
    let mut fit = |text: &str, limit: usize| {
        let limit = limit.min(room);
        // Clipped to nothing a text would still be an ellipsis.
        let text = if limit == 0 { String::new() } else { clip(if text.is_empty() { EMPTY } else { text }, limit) };
        room -= text.chars().count();
        text
    };
    let mut embed = CreateEmbed::new().colour(colour(card.tone)).title(fit(&card.title, TITLE));
    if !card.footer.is_empty() {
        embed = embed.footer(CreateEmbedFooter::new(fit(&card.footer, FOOTER)));
    }
    if let Some(url) = card.url.as_deref().filter(|url| is_web(url)) {
        embed = embed.url(url);
    }
    for field in card.fields.iter().take(FIELDS) {
        let name = fit(&field.name, FIELD_NAME);
        let value = fit(&field.value, FIELD_VALUE);
        if name.is_empty() || value.is_empty() {
            break;
        }
        embed = embed.field(name, value, field.inline);
    }
    let text = if card.text.is_empty() { EMPTY } else { &card.text };
    embed.description(clip(text, TEXT.min(room + 1)))
}

/// The card's buttons; none is an empty list, which takes away those that were there.
pub(super) fn buttons(card: &Card) -> Vec<CreateActionRow> {
    let buttons: Vec<_> = card.buttons.iter().filter_map(button).take(ROWS * BUTTONS).collect();
    buttons.chunks(BUTTONS).map(|row| CreateActionRow::Buttons(row.to_vec())).collect()
}

fn button(button: &Button) -> Option<CreateButton> {
    let made = match &button.press {
        Press::Open(url) if is_web(url) && url.len() <= URL => CreateButton::new_link(url),
        press => CreateButton::new(signalbox_commands::button_id(press)?).style(match press {
            Press::Cancel(_) => ButtonStyle::Danger,
            Press::Acknowledge(_) => ButtonStyle::Primary,
            Press::Sign { category, .. } if category != VETO => ButtonStyle::Success,
            _ => ButtonStyle::Secondary,
        }),
    };
    let made = made.label(clip(&button.label, LABEL));
    Some(match &button.emoji {
        Some(emoji) => made.emoji(reaction_type(emoji)),
        None => made,
    })
}

/// Discord refuses the whole message for an address of another kind.
fn is_web(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

fn colour(tone: Tone) -> u32 {
    match tone {
        Tone::Waiting => 0x87_8f_9b,
        Tone::Working => 0x3b_82_f6,
        Tone::Good => 0x2e_a0_43,
        Tone::Doubt => 0xd2_99_22,
        Tone::Bad => 0xda_36_33,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use signalbox_domain::{
        card::{Calls, Field, Form},
        ids::DeploymentId,
    };

    use super::*;

    fn card() -> Card {
        Card {
            title: "Deployment 42 · uat".into(),
            url: Some("https://github.com/acme/shop/actions/runs/7".into()),
            tone: Tone::Good,
            text: "✅ **Verified**".into(),
            fields: vec![Field { name: "Jobs".into(), value: "✓ test".into(), inline: false }],
            footer: "acme/shop · deploy.yml".into(),
            buttons: vec![
                Button {
                    label: "Run at GitHub".into(),
                    emoji: None,
                    press: Press::Open("https://github.com/x".into()),
                },
                Button { label: "Cancel".into(), emoji: None, press: Press::Cancel(DeploymentId(42)) },
            ],
            reactions: vec![],
            calls: Calls::default(),
            silent: false,
        }
    }

    fn json_of(value: impl serde::Serialize) -> Value {
        serde_json::to_value(value).unwrap()
    }

    #[test]
    fn a_card_becomes_one_embed_and_one_row() {
        let embed = json_of(embed(&card()));
        assert_eq!(embed["title"], "Deployment 42 · uat");
        assert_eq!(embed["url"], "https://github.com/acme/shop/actions/runs/7");
        assert_eq!(embed["description"], "✅ **Verified**");
        assert_eq!(embed["color"], 0x2e_a043);
        assert_eq!(embed["fields"], json!([{"name": "Jobs", "value": "✓ test", "inline": false}]));
        assert_eq!(embed["footer"]["text"], "acme/shop · deploy.yml");
        let rows = json_of(buttons(&card()));
        let buttons = rows[0]["components"].as_array().unwrap();
        assert_eq!(buttons[0]["url"], "https://github.com/x");
        assert_eq!((&buttons[1]["custom_id"], &buttons[1]["style"]), (&json!("cancel:42"), &json!(4)));
    }

    #[test]
    fn what_signs_stands_in_rows_of_five_with_its_emoji() {
        let sign = |n: usize| Button {
            label: format!("review {n}"),
            emoji: Some(if n == 0 { "shipit:71".into() } else { "✅".into() }),
            press: Press::Sign { deployment: DeploymentId(42), category: format!("review {n}"), form: Form::Nothing },
        };
        let rows = json_of(buttons(&Card { buttons: (0..7).map(sign).collect(), ..card() }));
        let lengths: Vec<_> =
            rows.as_array().unwrap().iter().map(|row| row["components"].as_array().unwrap().len()).collect();
        assert_eq!(lengths, [5, 2]);
        let first = &rows[0]["components"];
        assert_eq!((&first[0]["custom_id"], &first[0]["style"]), (&json!("sign:42:review 0"), &json!(3)));
        assert_eq!((&first[0]["emoji"]["id"], &first[1]["emoji"]["name"]), (&json!("71"), &json!("✅")));
    }

    #[test]
    fn every_tone_has_a_colour_of_its_own() {
        let tones = [Tone::Waiting, Tone::Working, Tone::Good, Tone::Doubt, Tone::Bad];
        let colours: std::collections::BTreeSet<u32> = tones.into_iter().map(colour).collect();
        assert_eq!(colours.len(), tones.len());
    }

    #[test]
    fn an_address_that_discord_would_refuse_is_left_out() {
        for bad in ["javascript:alert(1)", "not a url", "ftp://example.com"] {
            let open = Button { label: "Open".into(), emoji: None, press: Press::Open(bad.into()) };
            let card = Card { url: Some(bad.into()), buttons: vec![open], ..card() };
            assert_eq!(json_of(embed(&card)).get("url"), None, "{bad}");
            assert!(buttons(&card).is_empty(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn nothing_exceeds_what_discord_takes(
            title in 0..600_usize,
            text in 0..6000_usize,
            footer in 0..3000_usize,
            fields in prop::collection::vec((0..400_usize, 0..2000_usize), 0..40),
        ) {
            let fields = fields.into_iter();
            let card = Card {
                title: "t".repeat(title),
                text: "é".repeat(text),
                footer: "f".repeat(footer),
                fields: fields
                    .map(|(name, value)| Field { name: "n".repeat(name), value: "v".repeat(value), inline: true })
                    .collect(),
                ..card()
            };
            let embed = json_of(embed(&card));
            let length = |value: &Value| value.as_str().map_or(0, |text| text.chars().count());
            let mut all = length(&embed["title"]) + length(&embed["description"]) + length(&embed["footer"]["text"]);
            prop_assert!((1..=TITLE).contains(&length(&embed["title"])));
            prop_assert!((1..=TEXT).contains(&length(&embed["description"])));
            let fields = embed["fields"].as_array().cloned().unwrap_or_default();
            prop_assert!(fields.len() <= FIELDS);
            for field in &fields {
                prop_assert!((1..=FIELD_NAME).contains(&length(&field["name"])));
                prop_assert!((1..=FIELD_VALUE).contains(&length(&field["value"])));
                all += length(&field["name"]) + length(&field["value"]);
            }
            prop_assert!(all <= ALL, "{} characters", all);
        }
    }
}
