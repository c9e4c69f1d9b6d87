use std::{
    io::Write,
    process::{Command, Stdio},
};

use proptest::prelude::*;

use super::{shaded::Shaded, *};

/// What the real `sed` prints, as `$(echo "$DATABASE_URL" | sed -n '…')` has it.
fn real_sed(options: &[&str], command: &str, text: &str) -> String {
    let mut sed = Command::new("sed");
    let mut child = sed.args(options).arg(command).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{text}").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command}");
    String::from_utf8(output.stdout).unwrap().trim_end_matches('\n').to_owned()
}

fn ours(options: &[&str], command: &str, text: &str) -> String {
    let is = |option: &str| options.contains(&option);
    Substitution::parse(command, is("-n"), is("-E")).unwrap().apply(&Shaded::plain(text)).raw()
}

const ADDRESSES: [&str; 14] = [
    "postgresql://u:p@h:5432/saas",
    "postgresql://u:p@s@h:5432/saas",
    "postgresql://u:p/s@h:5432/saas",
    "postgresql://u:p:s#%40@h/saas?sslmode=require&a=b@c",
    "postgres://u:p@h:5432/saas",
    "\"postgresql://u:p@[::1]:5432/saas\"",
    "  postgresql://u@h1:1,h2:2/saas  ",
    "postgresql://u:p\nsecond@h:5432/line\n",
    "",
    "ü:ö@ß:12/é",
    "s(a)+?|{2}*.^$[b]\\&",
    "//::@@//::@@",
    "nothing",
    "postgresql://:@:/",
];

#[test]
fn the_usual_commands_do_what_the_real_sed_does() {
    for text in ADDRESSES {
        for command in Sed::commands().concat() {
            assert_eq!(ours(&["-n"], command, text), real_sed(&["-n"], command, text), "{command} of {text:?}");
        }
    }
    assert!(Sed::usual().iter().all(|sed| sed.read(&Shaded::plain(ADDRESSES[0])).name.raw() == "saas"));
}

#[test]
fn commands_of_other_pipelines_do_what_the_real_sed_does() {
    let commands: [(&[&str], &str); 14] = [
        (&["-n"], r"s/.*:\/\/\([^:]*\):.*/\1/p"),
        (&[], r"s|.*@||"),
        (&[], r"s#^[a-z]*://##"),
        (&["-n", "-E"], r"s|.*://([^:]+):([^@]+)@.*|\2-\1&|p"),
        (&["-E"], r"s,:[0-9]+(/|$),<\1>,"),
        (&["-n"], r"s|.*:\([0-9]\{1,5\}\)/.*|\1|p"),
        (&["-n"], r"s|\([^?]*\)?\(.*\)|\2|p"),
        (&[], r"s|[[:digit:]][[:digit:]]*|N|"),
        (&[], r"s|[]@[]|X|"),
        (&[], r"s|*|star|"),
        (&[], r"s|(a)|{\&}|"),
        (&["-n"], r"s|\(u\)\(:\|@\).*|\2\1|p"),
        (&[], r"s|[\/]|back|"),
        (&["-E"], "s,(^ *\"|\"$),,"),
    ];
    for (options, command) in commands {
        for text in ADDRESSES {
            assert_eq!(ours(options, command, text), real_sed(options, command, text), "{command} of {text:?}");
        }
    }
    for command in ["y/a/b/", "s|a|b|g", "s|a|b", "p", "s|[|b|", ""] {
        assert!(Substitution::parse(command, false, false).is_err(), "{command}");
    }
    assert!(Substitution::parse("s|a|b|", true, false).is_err(), "prints nothing at all");
}

#[test]
fn a_workflow_s_own_commands_are_found() {
    let workflow = r#"
      run: |
        DB_USER=$(echo "$DATABASE_URL" | sed -n 's|postgresql://\([^:]*\):.*|\1|p')
        DB_PASSWORD=$(echo $DATABASE_URL | sed -n "s|.*:\([^@]*\)@.*|\1|p")
        export DB_HOST="$(printf '%s' "$DATABASE_URL" | sed -nE 's|.*@([^:]+):.*|\1|p')"
        DB_PORT=$(echo "${DATABASE_URL}" | sed -n -e 's|.*:\([0-9]*\)/.*|\1|p')
        DB_NAME=$(echo "$DATABASE_URL" | sed 's|.*/||')
        echo "SUM=$(echo "$X" | sed 's|a|b|')"
    "#;
    let read = Sed::of_workflow("13-prod.yml", workflow).unwrap().read(&Shaded::plain("postgresql://u:p@h:1/d"));
    let read = PARTS.map(|part| read.get(part).raw());
    assert_eq!(read, ["u", "p", "h", "1", "d"]);
    let without = workflow.replace("DB_PORT", "SOMETHING");
    assert_eq!(Sed::of_workflow("x", &without).unwrap_err(), SedError::Missing("port"));
}

#[test]
fn django_and_libpq_read_as_they_really_do() {
    // What dj-database-url 3.1.2 and psycopg2's parse_dsn (libpq 17) answered, taken down.
    let read = |read: readers::Read| match read {
        Ok(parts) => PARTS.map(|part| parts.get(part).raw()).join(" | "),
        Err(error) => error.raw().split([':', '"']).next().unwrap_or_default().trim_end().to_owned(),
    };
    let mut told = String::new();
    for text in [
        "",
        "postgresql+psycopg://u:p@h:5432/d",
        "postgis://u:p@h:5432/d",
        "postgresql://u:pa/ss@h:5432/d",
        "postgresql://u:pa[ss@h:5432/d",
        "postgresql://u:pa#ss@h:5432/d",
        "postgresql://u:pa?ss@h:5432/d",
        "postgresql://u:pa%ss@h:5432/d",
        "postgresql://u:pa%25ss@h:5432/d",
        " postgresql://u:p@h:5432/d",
        "postgresql://u:p@h:5432/d ",
        "'postgresql://u:p@h:5432/d'",
        "postgresql://u:p@[::1]:5432/d",
        "postgresql://u:p@h1:5432,h2:5432/d",
        "postgresql://u:p@h:x/d",
        "postgresql://u:p@h:99999/d",
        "postgresql://u:p@/d?host=/run",
        "POSTGRESQL://u:p@h:5432/d",
        "postgresql://u:p@h:5432/",
        "postgresql://:p@h:5432/d",
        "postgresql://u:p@h:/d",
        "postgresql://u:p a@h:5432/d",
        "postgresql://u:pa@ss@h:5432/d",
        "postgresql://u:pa:ss@h:5432/d",
        "postgresql://u:p@h:5432/d?sslmode=require",
    ] {
        let text = Shaded::plain(text);
        let (django, libpq) = (read(readers::django(&text)), read(readers::libpq(&text)));
        told.push_str(&format!("{:36} {django:52} {libpq}\n", text.raw()));
    }
    insta::assert_snapshot!(told);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Passwords of anything, in places of any kind, leave no three characters of theirs in what is said.
    #[test]
    fn no_piece_of_a_password_is_ever_said(
        password in "[A-Z!-/:-@\\[-`{-~ü]{6,20}",
        before in "(|\"|'| |DB=)(postgresql|postgres|x\\+y|)",
        server in "(h|h:1|\\[::1\\]:2|h:1,i:2|)(/d|)(\\?a=b|)( |)",
    ) {
        let text = format!("{before}://user:{password}@{server}");
        let report = examine(&text, &Sed::usual());
        let said = [report.address, report.should_be.unwrap_or_default()].into_iter()
            .chain(report.meant.into_iter().map(|part| part.value))
            .chain(report.readings.into_iter().flat_map(|reading| {
                let parts: Vec<String> = reading.parts.into_iter().map(|part| part.value).collect();
                parts.into_iter().chain(reading.log).chain(reading.silent)
            }))
            .collect::<Vec<_>>()
            .join("\n");
        let chars: Vec<char> = password.chars().collect();
        for piece in chars.windows(3).filter(|piece| piece.iter().any(char::is_ascii_uppercase)) {
            let piece: String = piece.iter().collect();
            prop_assert!(!said.contains(&piece), "{piece:?} of {text:?} in {said}");
        }
    }

    /// An address that is written as it should be is flawed for nobody.
    #[test]
    fn a_plain_address_is_fine(password in "[a-zA-Z0-9._~-]{1,20}", name in "[a-z][a-z0-9_]{0,20}") {
        let report = examine(&format!("postgresql://app:{password}@db.example.com:5432/{name}"), &Sed::usual());
        prop_assert!(!report.flawed, "{report:?}");
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// Whatever is given: many lines at once, since each costs ten processes.
    #[test]
    fn anything_at_all_is_read_as_the_real_sed_reads_it(
        lines in prop::collection::vec("(postgresql://)?[a-c@:/?#%\\[\\]\". 0-9]{0,30}", 40),
    ) {
        let text = lines.join("\n");
        for command in Sed::commands().concat() {
            prop_assert_eq!(ours(&["-n"], command, &text), real_sed(&["-n"], command, &text), "{}", command);
        }
    }
}
