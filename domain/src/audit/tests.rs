use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

/// As many rows as the promise names.
const ROWS: usize = 1_000;

fn entry(n: usize) -> Entry {
    Entry {
        at: Timestamp::from_second(1_790_000_000 + n as i64 * 7).unwrap(),
        actor: ["ada", "grace", "signalbox"][n % 3].into(),
        action: ["deployment.requested", "deployment.signed", "refused"][n % 3].into(),
        subject: format!("deployment {}", n / 5),
        detail: format!("main to uat at {n:040x}"),
    }
}

fn chain(entries: impl IntoIterator<Item = Entry>) -> Vec<Row> {
    let mut head = Head::START;
    let next = |entry| {
        let record = (head.seq % 2 == 0).then(|| Hash::of(&["record"]));
        let row = Row::after(head, entry, record);
        head = row.head();
        row
    };
    entries.into_iter().map(next).collect()
}

fn trail() -> Vec<Row> {
    chain((0..ROWS).map(entry))
}

fn whole(rows: &[Row], known: &[Known]) -> Result<Head, Fault> {
    verify(rows, Head::START, known)
}

fn open(row: &mut Row) -> &mut Entry {
    match &mut row.content {
        Content::Open { entry, .. } => entry,
        Content::Sealed { .. } => panic!("sealed"),
    }
}

/// One changed bit in any text, the time, the record, the number or a hash of a row.
fn flip(row: &mut Row, part: usize, bit: usize) {
    let text = |text: &mut String| {
        let mut bytes = std::mem::take(text).into_bytes();
        let (at, bit) = (bit / 7 % bytes.len(), bit % 7);
        bytes[at] ^= 1 << bit;
        *text = String::from_utf8(bytes).unwrap();
    };
    let hash = |hash: &mut Hash| hash.0[bit / 8 % 32] ^= 1 << (bit % 8);
    match part {
        0 => text(&mut open(row).actor),
        1 => text(&mut open(row).action),
        2 => text(&mut open(row).subject),
        3 => text(&mut open(row).detail),
        4 => {
            let at = &mut open(row).at;
            *at = Timestamp::from_millisecond(at.as_millisecond() ^ (1 << (bit % 40))).unwrap();
        }
        5 => row.seq ^= 1 << (bit % 20),
        6 => hash(&mut row.previous),
        7 => hash(&mut row.hash),
        _ => match &mut row.content {
            Content::Open { record: Some(record), .. } => hash(record),
            Content::Open { record, .. } => *record = Some(Hash::ZERO),
            Content::Sealed { .. } => panic!("sealed"),
        },
    }
}

#[test]
fn a_trail_as_it_was_written_is_whole() {
    let rows = trail();
    let head = rows[ROWS - 1].head();
    assert_eq!(whole(&rows, &[Known::Head(head), Known::Hash(rows[7].hash), Known::Head(rows[0].head())]), Ok(head));
    assert_eq!(whole(&[], &[]), Ok(Head::START));
    let sealed: Vec<Row> = rows.iter().cloned().map(Row::sealed).collect();
    assert_eq!(whole(&sealed, &[]), Ok(head), "sealed rows chain as well");
}

/// The bytes may never change: trails of earlier versions must still verify.
#[test]
fn the_hashes_are_these() {
    let rows = chain([entry(0), entry(1)]);
    insta::assert_snapshot!(rows[0].head(), @"1:17571b262fdff25aea9aed04fbcff9dfb5986e3487716a8d8fd73c91125e0813");
    insta::assert_snapshot!(rows[1].head(), @"2:7722acb87d36f86efd9d08547bba970890879e066fc5d921c937640986a21dad");
}

/// Every row of 1,000 is deleted, inserted, moved and cut off; the sampled test below changes them.
#[test]
fn whatever_is_done_to_any_row_is_found() {
    let rows = trail();
    let head = rows[ROWS - 1].head();
    let anchored = [Known::Head(head)];
    for n in 0..ROWS {
        // Only what stands from the row on is looked at: what stands before it is whole, and verified above.
        let start = if n == 0 { Head::START } else { rows[n - 1].head() };
        let (seq, rest) = (rows[n].seq, &rows[n..]);
        let few = &rest[..rest.len().min(4)];
        let found = |rows: &[Row]| verify(rows, start, &[]).unwrap_err();

        let cut = verify(&rest[..0], start, &anchored).unwrap_err();
        assert_eq!(cut, Fault::Truncated { last: seq - 1, known: head }, "cut off at row {seq}");
        if few.len() < 3 {
            continue;
        }
        assert_eq!(found(&few[1..]), Fault::Missing { seq, next: seq + 1 }, "row {seq} deleted");
        let twice = [&few[..1], &few[..1], &few[1..]].concat();
        assert_eq!(found(&twice), Fault::Inserted { seq }, "row {seq} copied");
        let swapped = [&few[1..2], &few[..1], &few[2..]].concat();
        assert_eq!(found(&swapped), Fault::Reordered { seq, written_as: seq + 1 }, "row {seq} moved");
        // The same, by somebody who numbers the rows anew but does not compute hashes.
        let renumbered =
            |rows: Vec<Row>| -> Vec<Row> { rows.into_iter().zip(seq..).map(|(row, seq)| Row { seq, ..row }).collect() };
        let gone = renumbered(few[1..].to_vec());
        assert_eq!(found(&gone), Fault::Reordered { seq, written_as: seq + 1 }, "row {seq} deleted, renumbered");
        let pushed = renumbered(twice);
        assert_eq!(found(&pushed), Fault::Reordered { seq: seq + 1, written_as: seq }, "row {seq} pushed in");
        let turned = renumbered(swapped);
        assert_eq!(found(&turned), Fault::Reordered { seq, written_as: seq + 1 }, "row {seq} moved, renumbered");
        // And by somebody who does compute the hash of the one row.
        let forged = Row::after(start, entry(ROWS + n), None);
        let replaced = [std::slice::from_ref(&forged), &few[1..]].concat();
        assert_eq!(found(&replaced), Fault::Replaced { seq: seq + 1 }, "row {seq} replaced");
        let inserted = [std::slice::from_ref(&forged), few].concat();
        assert_eq!(found(&inserted), Fault::Inserted { seq }, "a row forged before row {seq}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_bit_is_found(n in 0..ROWS, part in 0..9usize, bit in 0..10_000usize) {
        let start = if n == 0 { Head::START } else { chain_cached()[n - 1].head() };
        let mut rows = chain_cached()[n..(n + 3).min(ROWS)].to_vec();
        flip(&mut rows[0], part, bit);
        let fault = verify(&rows, start, &[]).unwrap_err();
        prop_assert!(fault.seq().is_some(), "{fault}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    /// Several things at once, over the whole trail, and nothing is said of a trail that is as it was.
    #[test]
    fn tampering_with_the_whole_trail_is_found(
        deeds in prop::collection::vec((0..5u8, 0..ROWS, 0..ROWS, 0..9usize, 0..10_000usize), 1..4),
    ) {
        let original = chain_cached();
        let mut rows = original.to_vec();
        for (deed, one, other, part, bit) in deeds {
            if rows.is_empty() {
                break;
            }
            let (one, other) = (one % rows.len(), other % rows.len());
            match deed {
                0 => flip(&mut rows[one], part, bit),
                1 => drop(rows.remove(one)),
                2 => rows.insert(other, rows[one].clone()),
                3 => rows.swap(one, other),
                _ => rows.truncate(one),
            }
        }
        let head = original[ROWS - 1].head();
        let verdict = whole(&rows, &[Known::Head(head)]);
        prop_assert_eq!(verdict.is_ok(), rows == original);
    }

    /// Nobody can tell from within when all that follows was computed anew; what was posted outside tells.
    #[test]
    fn a_rewritten_trail_is_found_by_what_was_posted(n in 0..ROWS, posted in 0..ROWS) {
        let original = chain_cached();
        let mut entries: Vec<Entry> = (0..ROWS).map(entry).collect();
        entries[n].detail.push('!');
        let rows = chain(entries);
        prop_assert!(whole(&rows, &[]).is_ok());
        let known = original[posted].head();
        let verdict = whole(&rows, &[Known::Head(known)]);
        let by_hash = whole(&rows, &[Known::Hash(known.hash)]);
        if posted < n {
            prop_assert!(verdict.is_ok() && by_hash.is_ok());
        } else {
            prop_assert_eq!(verdict, Err(Fault::Rewritten { known, found: rows[posted].hash }));
            prop_assert_eq!(by_hash, Err(Fault::NotThere { known: known.hash }));
        }
    }
}

fn chain_cached() -> &'static [Row] {
    static TRAIL: std::sync::OnceLock<Vec<Row>> = std::sync::OnceLock::new();
    TRAIL.get_or_init(trail)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// No two lists of texts have the same bytes, wherever one text ends and the next begins.
    #[test]
    fn moving_a_letter_between_fields_changes_the_hash(a in ".{0,8}", b in ".{1,8}") {
        let first: String = b.chars().take(1).collect();
        let (longer, rest) = (format!("{a}{first}"), b[first.len()..].to_owned());
        prop_assert_ne!(Hash::of(&[&a, &b]), Hash::of(&[&longer, &rest]));
    }

    #[test]
    fn files_say_what_the_rows_say(texts in prop::collection::vec("(\\PC|[=+@'\",\r\n\t;-]){0,12}", 4..24)) {
        let entries = texts.chunks_exact(4).map(|t| Entry {
            at: entry(0).at,
            actor: t[0].clone(),
            action: t[1].clone(),
            subject: t[2].clone(),
            detail: t[3].clone(),
        });
        let rows = chain(entries);
        let file = File::stretch("all".into(), Head::START, rows.clone(), entry(0).at);
        prop_assert_eq!(&File::read(&file.json()).unwrap(), &file);
        prop_assert_eq!(File::read(&file.csv()).unwrap().rows, rows);
        prop_assert!(File::read(&file.csv()).unwrap().check(&[]).is_ok());
    }
}

#[test]
fn what_a_database_cannot_hold_is_replaced_before_it_is_hashed() {
    let odd = Entry { at: "2026-09-21T13:46:40.123456789Z".parse().unwrap(), actor: "a\0b".into(), ..entry(0) };
    let row = Row::after(Head::START, odd, None);
    let kept = row.entry().unwrap();
    assert_eq!((kept.at.to_string().as_str(), kept.actor.as_str()), ("2026-09-21T13:46:40.123Z", "a\u{fffd}b"));
}

#[test]
fn a_head_outside_the_rows_is_told_apart_from_a_contradiction() {
    let rows = trail();
    let stretch = &rows[10..20];
    let start = rows[9].head();
    let check = |known: Head| verify(stretch, start, &[Known::Head(known)]);
    assert!(check(start).is_ok());
    assert_eq!(check(rows[3].head()), Err(Fault::OutOfReach { start: 10, known: rows[3].head() }));
    let wrong = Head { seq: 10, hash: Hash::ZERO };
    assert_eq!(check(wrong), Err(Fault::Rewritten { known: wrong, found: start.hash }));
    assert_eq!(check(rows[30].head()), Err(Fault::Truncated { last: 20, known: rows[30].head() }));
}

fn deployment(state: &str) -> Map<String, Value> {
    let stored = json!({
        "id": 3, "environment": "uat", "state": {"state": state, "at": "2026-09-21T13:47:40Z"}, "note": "ünïcode \"é\"",
        "sign_offs": [{"by": {"id": 5, "name": "grace"}, "seen": "2026-09-21T13:47:10Z"}], "card": {"channel": 1},
    });
    let Value::Object(stored) = stored else { panic!("no object") };
    record(&stored)
}

/// What the trail says of deployment 3 when its last change left that record behind.
fn proof(bound: &Map<String, Value>, shown: &Map<String, Value>) -> File {
    let mut rows = chain((0..18).map(entry));
    let last = Row::after(rows[17].head(), entry(18), Some(record_hash(bound)));
    rows.push(last.clone());
    rows.push(Row::after(last.head(), entry(40), None));
    let before = rows[11].head();
    File::proof("deployment 3".into(), shown.clone(), before, rows.split_off(12), entry(50).at)
}

#[test]
fn a_proof_shows_its_deployment_and_seals_the_others() {
    let over = deployment("timed_out");
    let file = proof(&over, &over);
    let checked = file.check(&[]).unwrap();
    let shown: Vec<i64> = file.rows.iter().filter(|row| row.entry().is_some()).map(|row| row.seq).collect();
    assert_eq!(shown, [16, 17, 18, 19]);
    assert_eq!((checked.head.seq, checked.rows, checked.sealed), (20, 8, 4));
    assert_eq!(checked.record, Some(Bound::To(19)));
    assert_eq!(File::read(&file.json()).unwrap(), file);
    assert!(!file.json().contains("card"), "where it was shown is left out");
}

#[test]
fn a_proof_that_was_tampered_with_is_found() {
    let over = deployment("timed_out");
    let good = proof(&over, &over);
    let check = |change: &dyn Fn(&mut File)| {
        let mut file = good.clone();
        change(&mut file);
        File::read(&file.json()).unwrap().check(&[Known::Head(good.head)]).unwrap_err().to_string()
    };
    insta::assert_snapshot!(check(&|file| open(&mut file.rows[4]).actor = "erin".into()), @"row 17 was changed: its hash does not belong to what it says");
    insta::assert_snapshot!(check(&|file| drop(file.rows.remove(5))), @"row 18 is missing: row 19 follows row 17");
    insta::assert_snapshot!(check(&|file| file.rows[5] = file.rows[5].clone().sealed()), @"row 18 is about deployment 3 too, and is not shown");
    insta::assert_snapshot!(check(&|file| {
        file.rows.pop();
        file.head = file.rows[6].head();
    }), @"the trail was cut off: it ends with row 19, and row 20 is known to have been written");
    insta::assert_snapshot!(check(&|file| {
        file.deployment.as_mut().unwrap().insert("note".into(), "another".into());
    }), @"the record of deployment 3 was changed: its hash is not the one in row 19");
    insta::assert_snapshot!(check(&|file| file.before.hash = Hash::ZERO), @"row 13 was not written after the row that stands before it: one of the two was put in another's place");
}

#[test]
fn the_record_of_a_deployment_at_work_may_have_moved_on() {
    let (before, after) = (deployment("queued"), deployment("running"));
    assert_eq!(proof(&before, &after).check(&[]).unwrap().record, Some(Bound::MovedOn(19)));
    let over = deployment("timed_out");
    let error = proof(&before, &over).check(&[]).unwrap_err();
    assert_eq!(error, FileError::Record { seq: 19, about: "deployment 3".into() });
}

#[test]
fn a_record_hashes_alike_however_its_keys_are_ordered() {
    let hash = |text: &str| record_hash(&serde_json::from_str(text).unwrap());
    assert_eq!(
        hash(r#"{"b": [1, {"d": null, "c": "é\n"}], "a": true}"#),
        hash(r#"{"a":true,"b":[1,{"c":"é\n","d":null}]}"#)
    );
    assert_ne!(hash(r#"{"a": [1, 2]}"#), hash(r#"{"a": [2, 1]}"#));
}

#[test]
fn what_is_no_file_is_refused_in_words() {
    let told = |text: &str| File::read(text).unwrap_err().to_string();
    insta::assert_snapshot!(told(""), @"this is no file of an audit trail that this version can read: its first line is not seq,at,actor,action,subject,detail,record,previous,hash");
    insta::assert_snapshot!(told("{\"format\": 1}"), @"this is no file of an audit trail that this version can read: invalid type: integer `1`, expected a string at line 1 column 12");
    let file = File::stretch("all".into(), Head::START, chain([entry(0)]), entry(0).at);
    insta::assert_snapshot!(told(&file.json().replace("audit/1", "audit/9")), @r#"this is no file of an audit trail that this version can read: its format is "signalbox.audit/9", not "signalbox.audit/1""#);
    insta::assert_snapshot!(told(&file.json().replace("\"actor\"", "\"aktor\"")), @"this is no file of an audit trail that this version can read: data did not match any variant of untagged enum Says at line 31 column 5");
    insta::assert_snapshot!(told(&file.json().replace("\"actor\"", "\"extra\": 1, \"actor\"")), @"this is no file of an audit trail that this version can read: data did not match any variant of untagged enum Says at line 31 column 5");
    insta::assert_snapshot!(told(&file.csv().replace("ada", "a,da\"")), @"this is no file of an audit trail that this version can read: it ends within quotes");
}

#[test]
fn a_sheet_can_be_read_by_people() {
    let mut odd = entry(4);
    odd.detail = "a | b\n<script> =SUM(A1) [x](y)".into();
    let file =
        File::stretch("2026-09-01 to 2026-10-01".into(), Head::START, chain([entry(0), odd, entry(5)]), entry(9).at);
    insta::assert_snapshot!(file.markdown(), @r"
    # Audit trail: 2026-09-01 to 2026-10-01

    Made 2026-09-21T14:14:23.000Z by Signalbox. 3 rows follow `0:0000000000000000000000000000000000000000000000000000000000000000`; the last is
    `3:7e5af28bdda0c2f2f04bcd3f7252a7f2eb455777a9261acc4d7529aa9559c136`

    This sheet is for reading. `signalbox audit verify --file` verifies the same range exported as JSON or CSV; compare the last hash with what was posted in the channel for the audit trail.

    ## deployment 0

    | row | at | who | what | in words |
    |---|---|---|---|---|
    | 1 | 2026-09-21T14:13:20.000Z | ada | deployment.requested | main to uat at 0000000000000000000000000000000000000000 |
    | 2 | 2026-09-21T14:13:48.000Z | grace | deployment.signed | a \| b<br>\<script\> =SUM(A1) \[x\](y) |

    ## deployment 1

    | row | at | who | what | in words |
    |---|---|---|---|---|
    | 3 | 2026-09-21T14:13:55.000Z | signalbox | refused | main to uat at 0000000000000000000000000000000000000005 |
    ");
}
