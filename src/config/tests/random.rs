//! No text whatever may bring the reader down: it answers with a configuration or with what is wrong.

use proptest::prelude::*;

use super::{SMALL, env};
use crate::config::{keys, parse};

/// Something that could stand to the right of `=`, whatever the key.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "\\PC{0,12}".prop_map(|text| format!("{text:?}")),
        "\"[a-z0-9:/@.*-]{0,24}\"",
        any::<i64>().prop_map(|number| number.to_string()),
        Just("9223372036854775808".to_owned()),
        Just("0x_f".to_owned()),
        Just("nan".to_owned()),
        Just("1979-05-27".to_owned()),
        Just("true".to_owned()),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::vec(("[a-z]{1,6}", inner), 0..3).prop_map(|pairs| {
                let pairs = pairs.into_iter().map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>();
                format!("{{ {} }}", pairs.join(", "))
            }),
        ]
    })
}

/// Lines with real keys in real tables, in any order and with any values.
fn lines() -> impl Strategy<Value = String> {
    let headers = ["[discord]", "[discord.roles]", "[github]", "[server]", "[[environment]]", "[[environment.health]]"];
    let keys = keys::ALL.iter().flat_map(|section| section.keys).map(|key| key.name).collect::<Vec<_>>();
    let line = prop_oneof![
        2 => prop::sample::select(headers.to_vec()).prop_map(str::to_owned),
        5 => (prop::sample::select(keys), value()).prop_map(|(key, value)| format!("{key} = {value}")),
    ];
    prop::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn any_text_is_answered(text in "\\PC{0,200}") {
        let _ = parse("x", &text, &env()).map_err(|problems| problems.to_string());
    }

    #[test]
    fn any_keys_with_any_values_are_answered(text in lines()) {
        if let Err(problems) = parse("x", &text, &env()) {
            prop_assert!(problems.to_string().contains("expected:"), "{problems}");
        }
    }

    #[test]
    fn any_damage_to_a_right_text_is_answered(at in 0..SMALL.len(), put in "\\PC{0,3}", cut in 0..5_usize) {
        let mut text = SMALL.to_owned();
        text.replace_range(at..(at + cut).min(SMALL.len()), &put);
        if let Err(problems) = parse("x", &text, &env()) {
            prop_assert!(problems.to_string().contains("expected:"), "{problems}");
        }
    }
}
