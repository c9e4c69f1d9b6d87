//! The tenant databases: reachable, read-only for us, and with the schemas that are configured.

use std::time::SystemTime;

use jiff::Timestamp;
use secrecy::ExposeSecret;
use signalbox_domain::{environment::Environment, ports::Clock};
use signalbox_tenants::{Access, Error, Ledger, Options, Schema, Survey, TenantDatabase, Unreadable};

use super::{Check, report};
use crate::config::Config;

pub(super) async fn examine(config: &Config, clock: &dyn Clock) -> Vec<Check> {
    let mut checks = Vec::new();
    for environment in config.line.iter() {
        let Some(variable) = &environment.database else { continue };
        let Some(url) = config.databases.get(variable) else { continue };
        let found = look(url.expose_secret()).await;
        checks.extend(judge(environment, variable, found, clock.now()));
    }
    checks
}

async fn look(url: &str) -> Result<(Access, Survey), Error> {
    let database = TenantDatabase::connect(url, Options::default()).await?;
    Ok((database.probe().await?, database.survey().await?))
}

fn judge(
    environment: &Environment,
    variable: &str,
    found: Result<(Access, Survey), Error>,
    now: Timestamp,
) -> Vec<Check> {
    let name = format!("{} ({variable})", environment.name);
    let (access, survey) = match found {
        Ok(found) => found,
        Err(error) => return vec![Check::bad(name, error.to_string(), fix(&error, variable))],
    };
    let Access { role, database, server_version, .. } = &access;
    let mut checks = vec![Check::good(&name, format!("PostgreSQL {server_version} answers {role} in {database}"))];
    if let Some(right) = access.write_right.as_ref().filter(|_| access.can_write) {
        let fix = format!(
            "use a role that only reads:\nCREATE ROLE signalbox_ro LOGIN PASSWORD '…' IN ROLE pg_read_all_data;\nand put it into {variable}"
        );
        checks.push(Check::warn(&name, format!("{role} may change data ({right}); Signalbox only reads"), fix));
    }
    checks.push(schemas(&name, environment, &survey));
    let unreadable = survey.unreadable().count();
    if unreadable > 0 {
        let denied = |schema: &Schema| schema.ledger == Ledger::Unreadable(Unreadable::PermissionDenied);
        let fix = match survey.unreadable().any(denied) {
            true => format!("GRANT pg_read_all_data TO {role};"),
            false => "ask again when no migration is at work".to_owned(),
        };
        checks.push(Check::warn(
            &name,
            format!("the ledger of migrations cannot be read in {unreadable} of its schemas"),
            fix,
        ));
    }
    if let Ok(server) = timestamp(access.server_time) {
        checks.push(report::clock(&format!("the database of {}", environment.name), now.duration_since(server)));
    }
    checks
}

fn schemas(name: &str, environment: &Environment, survey: &Survey) -> Check {
    let missing = survey.missing(&environment.schemas);
    if missing.is_empty() {
        return Check::good(
            name,
            format!("{} schemas, with all {} that are configured", survey.schemas.len(), environment.schemas.len()),
        );
    }
    let what = format!("lacks {} among its {} schemas", missing.join(", "), survey.schemas.len());
    Check::bad(name, what, format!("is this the database of {}? If so, correct `schemas`", environment.name))
}

fn timestamp(time: SystemTime) -> Result<Timestamp, jiff::Error> {
    Timestamp::try_from(time)
}

fn fix(error: &Error, variable: &str) -> String {
    match error {
        Error::BadUrl { .. } | Error::DatabaseMissing { .. } => format!("correct {variable}"),
        Error::Authentication { .. } => {
            format!("correct the role and password in {variable}, and pg_hba.conf on the server")
        }
        Error::Tls { .. } => format!("trust the server's certificate on this machine, or set sslmode in {variable}"),
        Error::TooManyConnections { .. } => "let the role have one more connection".to_owned(),
        Error::PermissionDenied { role, .. } => format!("GRANT pg_read_all_data TO {role};"),
        _ => format!("check host and port in {variable}, and that a firewall lets this machine through"),
    }
}

#[cfg(test)]
mod tests {
    use signalbox_tenants::Applied;

    use super::*;
    use crate::doctor::{Report, github::tests::environment};

    fn told(found: Result<(Access, Survey), Error>) -> String {
        let uat = environment("database = \"UAT_DATABASE_URL\"\nschemas = [\"public\", \"super_tenant\"]");
        let mut report = Report::default();
        report.add("Tenant databases", judge(&uat, "UAT_DATABASE_URL", found, Timestamp::UNIX_EPOCH));
        report.to_string()
    }

    fn access(write_right: Option<&str>) -> Access {
        Access {
            role: "signalbox_ro".into(),
            database: "shop".into(),
            server_version: "15.18".into(),
            server_time: SystemTime::UNIX_EPOCH,
            can_write: write_right.is_some(),
            write_right: write_right.map(str::to_owned),
            standby: false,
        }
    }

    fn survey(schemas: &[(&str, Ledger)]) -> Survey {
        Survey {
            server_version: "15.18".into(),
            read_only: false,
            schemas: schemas
                .iter()
                .map(|(name, ledger)| Schema { name: name.to_string(), tables: 3, ledger: ledger.clone() })
                .collect(),
            target: Some(1),
        }
    }

    #[test]
    fn a_database_as_it_should_be_and_one_as_it_should_not() {
        let read = || Ledger::Read(Applied { recorded: 1, applied: 1, lacking: 0, missing: vec![] });
        insta::assert_snapshot!(told(Ok((access(None), survey(&[("public", read()), ("super_tenant", read())])))), @r"
        Tenant databases
          ✓ uat (UAT_DATABASE_URL): PostgreSQL 15.18 answers signalbox_ro in shop
          ✓ uat (UAT_DATABASE_URL): 2 schemas, with all 2 that are configured
          ✓ clock, beside the database of uat: 0 s apart

        3 fine
        ");
        let bad = survey(&[("acme", Ledger::Unreadable(Unreadable::PermissionDenied)), ("public", read())]);
        insta::assert_snapshot!(told(Ok((access(Some("UPDATE on acme.orders_order")), bad))), @r"
        Tenant databases
          ✓ uat (UAT_DATABASE_URL): PostgreSQL 15.18 answers signalbox_ro in shop
          ! uat (UAT_DATABASE_URL): signalbox_ro may change data (UPDATE on acme.orders_order); Signalbox only reads
              fix: use a role that only reads:
                   CREATE ROLE signalbox_ro LOGIN PASSWORD '…' IN ROLE pg_read_all_data;
                   and put it into UAT_DATABASE_URL
          ✗ uat (UAT_DATABASE_URL): lacks super_tenant among its 2 schemas
              fix: is this the database of uat? If so, correct `schemas`
          ! uat (UAT_DATABASE_URL): the ledger of migrations cannot be read in 1 of its schemas
              fix: GRANT pg_read_all_data TO signalbox_ro;
          ✓ clock, beside the database of uat: 0 s apart

        2 fine, 2 to look at, 1 to fix
        ");
    }

    #[test]
    fn a_database_that_does_not_answer() {
        let error = Error::Unreachable { host: "db:5432".into(), reason: "connection refused".into() };
        insta::assert_snapshot!(told(Err(error)), @r"
        Tenant databases
          ✗ uat (UAT_DATABASE_URL): PostgreSQL at db:5432 is unreachable: connection refused
              fix: check host and port in UAT_DATABASE_URL, and that a firewall lets this machine through

        0 fine, 1 to fix
        ");
    }
}
