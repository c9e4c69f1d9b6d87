use super::*;

fn row(id: u32, name: &str) -> TenantRow {
    TenantRow { id: id.to_string(), schema_name: name.to_owned(), needs_quotes: name != name.to_lowercase() }
}

fn domain(name: &str, tenant: u32, is_primary: bool) -> DomainRow {
    DomainRow { domain: name.to_owned(), tenant_id: Some(tenant.to_string()), is_primary }
}

fn schema(name: &str, owner: &str) -> SchemaOwner {
    SchemaOwner { name: name.to_owned(), owner: owner.to_owned(), has_ledger: true }
}

/// `tenant rule object severity`, one a finding.
fn told(rows: &Rows, schemas: &[SchemaOwner], options: &RegistryOptions) -> Vec<String> {
    let line =
        |finding: Finding| format!("{} {} {} {:?}", finding.tenant, finding.rule, finding.object, finding.severity);
    hygiene(rows, schemas, options).into_iter().map(line).collect()
}

fn of_tenants(tenants: Vec<TenantRow>) -> Rows {
    Rows { tenants: Some(tenants), domains: None }
}

#[test]
fn a_sound_registry_is_silent() {
    let rows = Rows {
        tenants: Some(vec![row(1, "public"), row(2, "acme"), row(3, "globex")]),
        domains: Some(vec![
            domain("acme.example.com", 2, true),
            domain("www.acme.example.com", 2, false),
            domain("globex.example.com", 3, true),
        ]),
    };
    let schemas = ["public", "acme", "globex"].map(|name| schema(name, "app"));
    assert_eq!(told(&rows, &schemas, &RegistryOptions::default()), [""; 0]);
}

#[test]
fn rows_that_were_not_read_accuse_nobody() {
    let schemas = [schema("public", "app"), schema("acme", "app")];
    assert_eq!(told(&Rows::default(), &schemas, &RegistryOptions::default()), [""; 0]);
}

#[test]
fn rows_and_schemas_that_miss_each_other_are_told() {
    let rows = of_tenants(vec![row(1, "ghost"), row(2, "acme")]);
    let schemas = [schema("acme", "app"), schema("left", "app")];
    let options = RegistryOptions { expected_schemas: vec!["super_tenant".to_owned()], ..RegistryOptions::default() };
    assert_eq!(
        told(&rows, &schemas, &options),
        [
            "ghost row_without_schema row ghost Critical",
            "left schema_without_row schema left Error",
            "super_tenant expected_schema_missing schema super_tenant Error",
        ]
    );
}

#[test]
fn the_twin_that_has_no_schema_is_the_wrong_one() {
    let rows = of_tenants(vec![row(1, "acme"), row(2, "ACME")]);
    let schemas = [schema("ACME", "app"), schema("public", "app")];
    let found = told(&rows, &schemas, &RegistryOptions::default());
    assert!(found.contains(&"acme case_twin row acme Critical".to_owned()), "{found:?}");
    assert!(!found.iter().any(|line| line.starts_with("ACME case_twin")), "{found:?}");
}

#[test]
fn reserved_names_are_postgresqls_and_those_configured() {
    let rows = of_tenants(vec![row(1, "pg_acme"), row(2, "information_schema"), row(3, "www"), row(4, "public")]);
    let schemas = [schema("public", "app"), schema("www", "app")];
    let options = RegistryOptions { reserved_names: vec!["www".to_owned()], ..RegistryOptions::default() };
    assert_eq!(
        told(&rows, &schemas, &options),
        [
            "information_schema reserved_name row information_schema Error",
            "pg_acme reserved_name row pg_acme Error",
            "pg_acme row_without_schema row pg_acme Critical",
            "www reserved_name row www Error",
        ]
    );
}

#[test]
fn a_name_longer_than_postgresql_keeps_is_invalid_in_bytes() {
    let long = "ü".repeat(40);
    let rows = of_tenants(vec![TenantRow { id: "1".to_owned(), schema_name: long, needs_quotes: false }]);
    let found = hygiene(&rows, &[schema("public", "app")], &RegistryOptions::default());
    assert!(found.iter().any(|finding| finding.message.contains("63 bytes")), "{found:?}");
}

#[test]
fn without_a_majority_no_owner_is_the_wrong_one() {
    let even = [schema("a", "one"), schema("b", "two"), schema("public", "app")];
    assert_eq!(told(&Rows::default(), &even, &RegistryOptions::default()), [""; 0]);
    let three = [schema("a", "one"), schema("b", "one"), schema("c", "two"), schema("public", "app")];
    let found = hygiene(&Rows::default(), &three, &RegistryOptions::default());
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].from.as_deref(), found[0].to.as_deref()), (Some("one"), Some("two")));
}
