//! Every sentence that answers a command. Pure; everything from outside is escaped.

use poise::serenity_prelude as serenity;
use signalbox_domain::{
    audit::{Bound, Checked},
    card,
    deployment::Deployment,
    environment::{Environment, Line},
    gate::{BreakGlass, Lock, VETO},
    ids::MessageRef,
    link::Link,
    text::{clip, code, plain},
};

use crate::{
    call::MESSAGE_LIMIT,
    desk::{Clearing, LinkAsk, Linking, Proof, Signed, Standing, Withdrawn},
};

/// Somebody pressed a button of an older or newer version.
pub(crate) const UNKNOWN_BUTTON: &str =
    "This button was made by another version of Signalbox and does nothing any more. `/help` shows what can be typed.";

/// The answer to a `/deploy` that was not refused.
#[must_use]
pub fn deploying(deployment: &Deployment, line: &Line, guild: serenity::GuildId) -> String {
    let d = deployment;
    let mut text = format!(
        "🚦 Deployment **{}** takes {} at `{}` to `{}`.",
        d.id,
        code(&clip(d.git_ref.as_str(), 100)),
        d.commit.short(),
        d.environment
    );
    if let (true, Some(environment)) = (d.state.is_over(), line.get(&d.environment)) {
        text.push_str(&format!("\n{}", card::headline(d, environment)));
    }
    text + &place(d, line, guild)
}

/// The answer to a `/promote` that was not refused.
#[must_use]
pub fn promoting(deployment: &Deployment, line: &Line, guild: serenity::GuildId) -> String {
    let Some(merge) = deployment.merge() else { return deploying(deployment, line, guild) };
    let d = deployment;
    let mut text = format!(
        "🔀 Deployment **{}** promotes {} at `{}` to `{}` with [#{}](<{}>). It is merged when the gate is open.",
        d.id,
        code(&clip(merge.from.as_str(), 100)),
        merge.head.short(),
        d.environment,
        merge.number,
        merge.url
    );
    if let (true, Some(environment)) = (d.state.is_over(), line.get(&d.environment)) {
        text.push_str(&format!("\n{}", card::headline(d, environment)));
    }
    text + &place(d, line, guild)
}

/// The answer to a `/breakglass` that was not refused.
#[must_use]
pub fn glass(d: &Deployment) -> String {
    let Some(glass) = &d.break_glass else { return format!("Deployment **{}** waits.", d.id) };
    match glass {
        BreakGlass { closed: Some(_), .. } => {
            format!("📗 What went past the gate with deployment **{}** is closed.", d.id)
        }
        BreakGlass { confirmed: Some(_), .. } => {
            format!(
                "🧨 Deployment **{}** goes past its gate now. The channel hears it; `/breakglass list` keeps it.",
                d.id
            )
        }
        _ => format!("🧨 Somebody else has ten minutes to agree: `/breakglass confirm {}`.", d.id),
    }
}

/// The answer to `/breakglass list`.
#[must_use]
pub fn broken_glass(deployments: &[Deployment]) -> String {
    if deployments.is_empty() {
        return "📗 No deployment went past its gate.".into();
    }
    let mut text = String::new();
    for d in deployments {
        let Some(glass) = &d.break_glass else { continue };
        let mark = if glass.is_open() { "📕 open" } else { "📗 closed" };
        let second = glass.confirmed.as_ref().map(|(by, _)| format!(" and <@{}>", by.id)).unwrap_or_default();
        let close = if glass.is_open() { format!(" · `/breakglass close {}`", d.id) } else { String::new() };
        let line = format!(
            "{mark} **{}** `{}` to `{}` <t:{}:R> by <@{}>{second}: {}{close}\n",
            d.id,
            d.commit.short(),
            d.environment,
            glass.at.as_second(),
            glass.by.id,
            plain(&clip(&glass.reason, 120))
        );
        // Whole lines are left out, never parts of one.
        if text.chars().count() + line.chars().count() + 2 > MESSAGE_LIMIT {
            text.push('…');
            break;
        }
        text.push_str(&line);
    }
    text.trim_end().to_owned()
}

/// The answer to a button that signed.
#[must_use]
pub fn signed(signed: &Signed) -> String {
    let Signed { deployment: d, category, fills } = signed;
    let what = match category.as_str() {
        VETO => format!("❌ You forbid deployment **{}**, for as long as this stands.", d.id),
        _ => format!("✍️ You signed deployment **{}** for {}: commit `{}`.", d.id, plain(category), d.commit.short()),
    };
    let how = match fills {
        _ if category == VETO => "*Take mine back* on the card ends it.".to_owned(),
        Ok(true) => format!("It counts. `/why {}` says what is still open.", d.environment),
        Ok(false) => "Enough others have signed before you; yours stands beside theirs.".to_owned(),
        Err(why) => format!("✋ It does not count: {why}."),
    };
    format!("{what}\n{how}")
}

/// The answer to the button that takes signatures back.
#[must_use]
pub fn withdrawn(withdrawn: &Withdrawn) -> String {
    let Withdrawn { deployment: d, categories, reactions } = withdrawn;
    let what = categories.iter().map(|category| plain(category)).collect::<Vec<_>>().join(" and ");
    let mut text = format!("↩️ You no longer sign deployment **{}** for {what}.", d.id);
    if !reactions.is_empty() {
        text.push_str(&format!(
            "\n✋ Your reaction {} still signs: a click on it takes that back too.",
            reactions.join(" and ")
        ));
    }
    text
}

/// The answer to a `/link` that was not refused.
#[must_use]
pub fn linked(ask: &LinkAsk, link: &Link) -> String {
    let who = format!("<@{}> is {} at GitHub", link.person.id, code(link.login.as_str()));
    match &ask.what {
        Linking::Ask { .. } => format!(
            "🔗 You asked to be {0} at GitHub. It counts once somebody who administers this server confirms it:\n             {1} with `person` {2} and `login` {0}",
            code(link.login.as_str()),
            code("/link confirm"),
            plain(&link.person.name),
        ),
        Linking::Confirm { .. } => format!("🔗 {who}. Their signature does not count on what they wrote themselves."),
        Linking::Remove { .. } => format!("🔗 Nobody knows any more that {who}."),
    }
}

/// The answer to `/link list`.
#[must_use]
pub fn links(links: &[Link]) -> String {
    if links.is_empty() {
        return "🔗 Nobody is linked. `/link github` says who you are at GitHub.".into();
    }
    let line = |link: &Link| {
        let how = match link.confirmed {
            Some(at) => format!("since <t:{}:d>", at.as_second()),
            None => "not confirmed yet".to_owned(),
        };
        format!("🔗 <@{}> {} {how}", link.person.id, code(link.login.as_str()))
    };
    clip(&links.iter().map(line).collect::<Vec<_>>().join("\n"), MESSAGE_LIMIT)
}

/// The answer to a `/lock` that was not refused.
#[must_use]
pub fn locked(lock: &Lock) -> String {
    format!("🔒 `{0}` is {1}.\n`/unlock {0}` lifts it.", lock.reach, lock.says())
}

/// The answer to an `/unlock` that was not refused.
#[must_use]
pub fn unlocked(lock: &Lock) -> String {
    format!("🔓 `{}` takes deployments again. It was {}.", lock.reach, lock.says())
}

/// The answer to `/locks`.
#[must_use]
pub fn locks(locks: &[Lock]) -> String {
    if locks.is_empty() {
        return "🔓 Nothing is locked.".into();
    }
    let lines = locks.iter().map(|lock| format!("🔒 `{0}` {1} · `/unlock {0}`", lock.reach, lock.says()));
    clip(&lines.collect::<Vec<_>>().join("\n"), MESSAGE_LIMIT)
}

/// The answer to `/why`.
#[must_use]
pub fn why(clearing: &Clearing) -> String {
    let Clearing { deployment: d, verdict, .. } = clearing;
    let what = match d.id.0 {
        0 => format!("A deployment of {} at `{}`", code(&clip(d.git_ref.as_str(), 80)), d.commit.short()),
        id => format!("Deployment **{id}** of {} at `{}`", code(&clip(d.git_ref.as_str(), 80)), d.commit.short()),
    };
    let how = match (verdict.is_satisfied(), d.id.0) {
        (true, _) => "nothing keeps it",
        (false, 0) => "it would wait",
        (false, _) => "it waits",
    };
    format!("🚦 {what} to `{}`: {how}.\n{}", d.environment, verdict.text(MESSAGE_LIMIT - 400))
}

/// The answer to `/gate simulate`.
#[must_use]
pub fn simulated(clearing: &Clearing) -> String {
    let Clearing { deployment: d, verdict, .. } = clearing;
    let how = if verdict.is_satisfied() { "nothing would keep it" } else { "it would still wait" };
    format!(
        "🧪 If it were signed so, a deployment of `{}` to `{}`: {how}. Nothing was started or recorded.\n{}",
        d.commit.short(),
        d.environment,
        verdict.text(MESSAGE_LIMIT - 400)
    )
}

/// The answer to `/checklist`.
#[must_use]
pub fn checklist(clearing: &Clearing) -> String {
    let Clearing { deployment: d, verdict, configured } = clearing;
    let (done, all) = verdict.count();
    let mut text = format!("📋 Release checklist of `{}` at `{}`: **{done}/{all}**\n", d.environment, d.commit.short());
    text.push_str(&verdict.text(MESSAGE_LIMIT - 500));
    if !configured {
        text.push_str(&format!(
            "\n`{}` has no gate, so this is the usual list and keeps nothing back. `[[environment.gate]]` in \
             `signalbox.toml` makes it count.",
            d.environment
        ));
    }
    text
}

/// The answer to a `/cancel` that was not refused.
#[must_use]
pub fn cancelling(deployment: &Deployment, line: &Line, guild: serenity::GuildId) -> String {
    let d = deployment;
    let text = match line.get(&d.environment).filter(|_| d.state.is_over()) {
        Some(environment) => format!("Deployment **{}**: {}", d.id, card::headline(d, environment)),
        None => format!(
            "🛑 Deployment **{}** to `{}` is being stopped. GitHub ends its jobs one by one, so this can take a while; \
             what they have changed already stays changed.",
            d.id, d.environment
        ),
    };
    text + &place(d, line, guild)
}

/// The answer to `/audit prove`.
#[must_use]
pub fn proving(proof: &Proof) -> String {
    let Checked { head, rows, sealed, record } = proof.checked;
    let id = proof.deployment;
    let record = match record {
        Some(Bound::To(seq)) => format!("Its record, with the evidence, is the one that row {seq} vouches for."),
        Some(Bound::MovedOn(seq)) => {
            format!("It is still at work: what GitHub said of it since row {seq} is in its record and not vouched for.")
        }
        Some(Bound::Not) | None => "No row vouches for its record: it is older than the chain.".to_owned(),
    };
    let compare = match proof.channel {
        Some(channel) => format!("Compare the last row with what stands in <#{channel}>"),
        None => "Heads of the trail are posted nowhere, so only the store can tell whether the last row is true".into(),
    };
    format!(
        "🔏 Deployment **{id}** in the audit trail: {}, with {sealed} sealed between them.\n\
         {record}\nLast row: `{head}`\n{compare}; verify the rest with {}.",
        if rows - sealed == 1 { "1 row".to_owned() } else { format!("{} rows", rows - sealed) },
        code(&format!("signalbox audit verify --file {}", proof.file.name)),
    )
}

/// Where a deployment can be watched: its card, or the channel where that will be.
fn place(d: &Deployment, line: &Line, guild: serenity::GuildId) -> String {
    match (d.card, line.get(&d.environment)) {
        (Some(at), _) => format!("\n{}", link(guild, at)),
        (None, Some(environment)) => format!("\nIts card will appear in <#{}>.", environment.channel),
        (None, None) => String::new(),
    }
}

fn link(guild: serenity::GuildId, at: MessageRef) -> String {
    format!("https://discord.com/channels/{guild}/{}/{}", at.channel, at.message)
}

/// The answer to `/status`. Environments share the room of one message; what one leaves is for the next.
#[must_use]
pub fn board(board: &[Standing], line: &Line) -> String {
    let mut text = String::new();
    for (n, standing) in board.iter().enumerate() {
        let room = (MESSAGE_LIMIT - text.chars().count()) / (board.len() - n);
        text.push_str(&block(standing, line, room.saturating_sub(2)));
        text.push_str("\n\n");
    }
    clip(text.trim_end(), MESSAGE_LIMIT)
}

/// One environment in at most `room` characters. Whole entries are left out, since cut formatting would spill over.
fn block(standing: &Standing, line: &Line, room: usize) -> String {
    let name = &standing.environment;
    let more = format!("\n… more with `/status {name}`");
    let mut text = match &standing.active {
        Some(_) => format!("### {name}"),
        None => format!("### {name}: free"),
    };
    let mut left = room.saturating_sub(text.chars().count() + more.chars().count());
    let entries = standing.active.iter().chain(&standing.ended).map(|deployment| entry(deployment, line));
    for entry in entries {
        let length = entry.chars().count() + 1;
        if length > left {
            return text + &more;
        }
        left -= length;
        text.push('\n');
        text.push_str(&entry);
    }
    text
}

fn entry(deployment: &Deployment, line: &Line) -> String {
    match line.get(&deployment.environment) {
        Some(environment) => card::line(deployment, environment),
        None => format!("**{}** {}", deployment.id, deployment.state.word()),
    }
}

/// The answer to `/help`, from the commands as they are registered and the environments as they are configured.
#[must_use]
pub fn help<U, E>(commands: &[poise::Command<U, E>], line: &Line) -> String {
    let mut lines: Vec<String> = commands.iter().flat_map(usage).collect();
    lines.push("\nEnvironments, in the order of promotion:".into());
    lines.extend(line.iter().map(describe));
    lines.push("A reaction or a button on a card signs; taken back, it withdraws.".into());
    // Whole lines are left out, never parts of one.
    let mut text = String::new();
    for line in lines {
        if text.chars().count() + line.chars().count() + 2 > MESSAGE_LIMIT {
            text.push('…');
            break;
        }
        text.push_str(&line);
        text.push('\n');
    }
    text.trim_end().to_owned()
}

/// A command with subcommands cannot be typed itself.
fn usage<U, E>(command: &poise::Command<U, E>) -> Vec<String> {
    match command.subcommands.as_slice() {
        [] => {}
        [only] => return usage(only),
        several => {
            let names = several.iter().map(|one| &*one.name).collect::<Vec<_>>().join("|");
            let says = command.description.as_deref().unwrap_or_default();
            return vec![format!("`/{} {names}` {says}", command.qualified_name)];
        }
    }
    let mut text = format!("`/{}", command.qualified_name);
    for parameter in &command.parameters {
        let name = &parameter.name;
        text.push_str(&if parameter.required { format!(" <{name}>") } else { format!(" [{name}]") });
    }
    text.push_str(&format!("` {}", command.description.as_deref().unwrap_or_default()));
    vec![text]
}

/// Whose signatures count, with what.
fn signers(environment: &Environment) -> String {
    let rules = environment.gate.sign_off_rules();
    let roles = |roles: &[signalbox_domain::environment::Role]| {
        roles.iter().map(|role| plain(&role.name)).collect::<Vec<_>>().join(" or ")
    };
    if rules.is_empty() {
        return if environment.sign_roles.is_empty() { "nobody".into() } else { roles(&environment.sign_roles) };
    }
    let rule = |rule: &&signalbox_domain::gate::SignOffs| {
        format!("{} {} {}", rule.count, roles(&rule.roles), environment.gate.emoji_of(&rule.category))
    };
    rules.iter().map(rule).collect::<Vec<_>>().join(", ")
}

fn describe(environment: &Environment) -> String {
    let who = |roles: &[signalbox_domain::environment::Role]| match roles {
        [] => "nobody".to_owned(),
        roles => roles.iter().map(|role| plain(&role.name)).collect::<Vec<_>>().join(", "),
    };
    format!(
        "**{}** {} from {}, in <#{}>; deployed by {}, signed by {}",
        environment.name,
        code(&environment.workflow),
        code(environment.default_ref.as_str()),
        environment.channel,
        who(&environment.deploy_roles),
        signers(environment),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{self, deployment};
    use signalbox_domain::{
        Timestamp,
        audit::{Hash, Head},
        deployment::State,
        fleet::File,
        ids::{ChannelId, DeploymentId, MessageId},
        refusal::Refusal,
    };

    const GUILD: serenity::GuildId = serenity::GuildId::new(9);

    #[test]
    fn a_deployment_without_a_card_says_where_the_card_will_be() {
        insta::assert_snapshot!(deploying(&deployment(42), &fixtures::line(), GUILD), @"
        🚦 Deployment **42** takes `main` at `abababa` to `uat`.
        Its card will appear in <#70>.
        ");
    }

    #[test]
    fn a_deployment_with_a_card_links_to_it() {
        let card = Some(MessageRef { channel: ChannelId(70), message: MessageId(71) });
        insta::assert_snapshot!(deploying(&Deployment { card, ..deployment(42) }, &fixtures::line(), GUILD), @"
        🚦 Deployment **42** takes `main` at `abababa` to `uat`.
        https://discord.com/channels/9/70/71
        ");
    }

    #[test]
    fn a_deployment_that_ended_before_the_answer_says_how() {
        let refusal = Refusal::wrong_place();
        let state = State::Refused { at: Timestamp::UNIX_EPOCH, refusal };
        insta::assert_snapshot!(deploying(&Deployment { state, ..deployment(42) }, &fixtures::line(), GUILD), @"
        🚦 Deployment **42** takes `main` at `abababa` to `uat`.
        ⛔ **Refused** (`wrong_place`): nothing was started.
        Its card will appear in <#70>.
        ");
    }

    #[test]
    fn cancelling_tells_a_run_that_stops_from_one_that_never_started() {
        let running = Deployment { state: State::Running, ..deployment(42) };
        insta::assert_snapshot!(cancelling(&running, &fixtures::line(), GUILD), @"
        🛑 Deployment **42** to `uat` is being stopped. GitHub ends its jobs one by one, so this can take a while; what they have changed already stays changed.
        Its card will appear in <#70>.
        ");
        let state =
            State::Cancelled { at: Timestamp::UNIX_EPOCH, reason: "cancelled by ada before it was sent".into() };
        insta::assert_snapshot!(cancelling(&Deployment { state, ..deployment(42) }, &fixtures::line(), GUILD), @"
        Deployment **42**: ⏹ **Cancelled**: cancelled by ada before it was sent.
        Its card will appear in <#70>.
        ");
    }

    #[test]
    fn a_proof_says_how_far_it_reaches() {
        let proof = |record, channel| Proof {
            deployment: DeploymentId(42),
            checked: Checked { head: Head { seq: 57, hash: Hash::ZERO }, rows: 30, sealed: 18, record },
            channel,
            file: File { name: "proof-42.json".into(), content: String::new() },
        };
        insta::assert_snapshot!(proving(&proof(Some(Bound::To(55)), Some(ChannelId(70)))), @"
        🔏 Deployment **42** in the audit trail: 12 rows, with 18 sealed between them.
        Its record, with the evidence, is the one that row 55 vouches for.
        Last row: `57:0000000000000000000000000000000000000000000000000000000000000000`
        Compare the last row with what stands in <#70>; verify the rest with `signalbox audit verify --file proof-42.json`.
        ");
        insta::assert_snapshot!(proving(&proof(Some(Bound::MovedOn(55)), None)), @"
        🔏 Deployment **42** in the audit trail: 12 rows, with 18 sealed between them.
        It is still at work: what GitHub said of it since row 55 is in its record and not vouched for.
        Last row: `57:0000000000000000000000000000000000000000000000000000000000000000`
        Heads of the trail are posted nowhere, so only the store can tell whether the last row is true; verify the rest with `signalbox audit verify --file proof-42.json`.
        ");
    }

    #[test]
    fn the_board_shows_every_environment() {
        let standings = [fixtures::standing("dev", None, 0), fixtures::standing("uat", Some(deployment(42)), 1)];
        insta::assert_snapshot!(board(&standings, &fixtures::line()), @"
        ### dev: free

        ### uat
        **42** `main` `abababa` by <@5>, <t:0:R>
        ⏳ **Starting** the workflow at GitHub.
        **1** `main` `abababa` by <@5>, <t:0:R>
        ❌ **Failed**: the job migrate failed.
        ");
    }

    #[test]
    fn a_long_board_stays_within_one_message_and_says_what_it_leaves_out() {
        for environments in [1, 3, 20] {
            let standing = |_| fixtures::standing("uat", Some(deployment(42)), 30);
            let text = board(&(0..environments).map(standing).collect::<Vec<_>>(), &fixtures::line());
            assert!(text.chars().count() <= MESSAGE_LIMIT, "{} characters", text.chars().count());
            assert_eq!(text.matches("### uat").count(), environments);
            assert_eq!(text.matches("… more with `/status uat`").count(), environments);
            assert_eq!(text.matches('`').count() % 2, 0, "formatting was cut: {text}");
        }
    }

    #[test]
    fn help_is_made_of_what_is_registered_and_configured() {
        insta::assert_snapshot!(help(&crate::all(), &fixtures::line()), @"
        `/deploy <environment> [ref] [note]` Start a deployment, follow it on one card, and have the database asked whether it is true.
        `/promote <environment> [note]` Merge what is in the environment before, once the gate is open.
        `/status [environment]` See what is at work and what came last.
        `/cancel <deployment>` Stop a deployment. What it has changed already stays changed.
        `/why <environment>` See what keeps a deployment from leaving, and who can change that.
        `/checklist <environment>` See the release checklist.
        `/gate simulate <environment> [sha] [as]` Try a gate out.
        `/breakglass ask|confirm|list|close` Go past a closed gate, by two people.
        `/lock <environment> <reason> [for]` Keep deployments from an environment, or from all.
        `/unlock <environment>` Lift a lock, whoever set it.
        `/locks` See which locks there are.
        `/freeze <reason> [for]` Stop all deployments, everywhere.
        `/link github|confirm|list|remove` Say who is who at GitHub.
        `/schemas <environment>` See which schemas a tenant database has, and how much they hold.
        `/tenants <environment>` See which tenants there are, and where rows, domains and schemas contradict each other.
        `/tenant <environment> <name>` See all that is known of one tenant: size, domains, drift, isolation, ledger.
        `/drift <environment>` See which tenants differ from the others, and in what.
        `/isolation <environment>` See which tenants reach into another one, or into what is shared.
        `/ledger <environment>` See which tenants lack migrations, or have recorded what is not there.
        `/audit prove <deployment>` Get all that is recorded of a deployment, as a file that anybody can verify.
        `/help` See the commands, the environments, and who may deploy where.

        Environments, in the order of promotion:
        **dev** `deploy-dev.yml` from `main`, in <#70>; deployed by release, signed by nobody
        **uat** `deploy-uat.yml` from `main`, in <#70>; deployed by release, signed by nobody
        A reaction or a button on a card signs; taken back, it withdraws.
        ");
    }

    #[test]
    fn why_and_the_checklist_say_what_is_open() {
        use signalbox_domain::gate::{Line, Status, Verdict};
        let line = |rule: &str, status, must| Line {
            kind: "health".into(),
            rule: rule.into(),
            status,
            why: String::new(),
            who: "reviewer".into(),
            command: "react with ✅ on the card".into(),
            must,
            parts: vec![],
        };
        let lines = vec![
            line("not locked", Status::Pass, true),
            line("✅ review by 1 reviewer", Status::Waiting, true),
            line("no drift", Status::Unknown, false),
        ];
        let verdict = Verdict { at: Timestamp::UNIX_EPOCH, lines };
        let clearing = Clearing { deployment: deployment(42), verdict, configured: false };
        insta::assert_snapshot!(why(&clearing), @r"
        🚦 Deployment **42** of `main` at `abababa` to `uat`: it waits.
        ⏳ ✅ review by 1 reviewer → reviewer: react with ✅ on the card
        ❔ no drift (should) → reviewer: react with ✅ on the card
        ✓ not locked
        ");
        insta::assert_snapshot!(checklist(&clearing), @r"
        📋 Release checklist of `uat` at `abababa`: **1/3**
        ⏳ ✅ review by 1 reviewer → reviewer: react with ✅ on the card
        ❔ no drift (should) → reviewer: react with ✅ on the card
        ✓ not locked
        `uat` has no gate, so this is the usual list and keeps nothing back. `[[environment.gate]]` in `signalbox.toml` makes it count.
        ");
    }

    #[test]
    fn locks_say_who_and_why() {
        use signalbox_domain::{
            gate::Reach,
            ids::{Person, PersonId},
        };
        let lock = Lock {
            reach: Reach::All,
            by: Person { id: PersonId(5), name: "ada".into() },
            reason: "the @everyone year ends".into(),
            at: Timestamp::UNIX_EPOCH,
            until: None,
        };
        insta::assert_snapshot!(format!("{}\n{}\n{}\n{}", locked(&lock), unlocked(&lock), locks(&[lock]), locks(&[])), @r"
        🔒 `all` is frozen by <@5> since <t:0:R>: the \@everyone year ends.
        `/unlock all` lifts it.
        🔓 `all` takes deployments again. It was frozen by <@5> since <t:0:R>: the \@everyone year ends.
        🔒 `all` frozen by <@5> since <t:0:R>: the \@everyone year ends · `/unlock all`
        🔓 Nothing is locked.
        ");
    }

    #[test]
    fn help_leaves_out_whole_lines() {
        let commands: Vec<_> = std::iter::repeat_with(crate::all).take(20).flatten().collect();
        let text = help(&commands, &fixtures::line());
        assert!(text.chars().count() <= MESSAGE_LIMIT);
        assert!(text.ends_with("\n…"), "{text}");
        assert_eq!(text.matches('`').count() % 2, 0);
    }
}
