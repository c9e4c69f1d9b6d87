//! Expressions as SQL. The server is asked only about objects that differ, one representative for each
//! way they do, after the snapshot has ended and under the lock timeout.

use std::collections::HashMap;
use std::sync::Arc;

use roaring::RoaringBitmap;
use sqlx::{Connection, PgConnection, Row};

use super::{Catalog, NONE, Object, variants::Values};
use crate::TenantDatabase;

/// More ways to differ than this are not shown as SQL: nobody reads them.
const MOST: usize = 400;

/// More expressions than this are not put into a snapshot as SQL, so that the first one does not take minutes.
const MOST_IN_ALL: usize = 4_000;

/// So many waits behind locks are enough; then what only busy schemas have is not shown.
const PATIENCE: usize = 5;

/// What is known of an expression from an earlier look, by the variant's hash.
pub(crate) type Known<'a> = dyn Fn(u128) -> Option<&'a Values> + Sync + 'a;

/// Expressions that were shown before, by the variant's hash and the attribute.
pub(crate) type Shown = HashMap<(u128, &'static str), Option<String>>;

/// Which expressions are shown.
pub(crate) enum Show<'a> {
    /// Those in which schemas differ.
    Differing,
    /// All, so that they can be held against others later; the server is not asked for what is known.
    All(&'a Known<'a>),
}

impl TenantDatabase {
    /// Shows expressions of `schemas` as SQL, and takes together what only looked different: the server stores
    /// columns by number, and a table rebuilt in another order has other numbers.
    pub(crate) async fn deparse(
        &self,
        catalog: &mut Catalog,
        schemas: &RoaringBitmap,
        show: &Show<'_>,
        before: &mut Shown,
    ) -> sqlx::Result<()> {
        let wanted = wanted(catalog, schemas, show);
        let mut connection = None;
        // Schemas whose objects somebody holds: others are asked before them.
        let (mut busy, mut refused) = (RoaringBitmap::new(), 0);
        for (place, number) in &wanted {
            let Some(((object, name), aspect)) = catalog.variants.aspects.get_index(*place) else { continue };
            let Some(variant) = aspect.variants.get(*number) else { continue };
            let present =
                variant.values.iter().filter(|(name, value)| value != NONE && variant.expressions.contains(name));
            let present: Vec<&'static str> = present.map(|(name, _)| *name).collect();
            let hash = variant.hash;
            let mut shown = remembered(before, hash, &present);
            let known = shown.len() == present.len();
            let free = &(&variant.members & schemas) - &busy;
            let mut asked: Vec<u32> = free.min().into_iter().chain(free.max()).collect();
            asked.dedup();
            if asked.is_empty() && refused < PATIENCE {
                asked.extend((&variant.members & schemas).min());
            }
            for member in asked.into_iter().filter(|_| !known) {
                // A snapshot's place is no schema's.
                let Some(schema) = catalog.schemas.get(member as usize) else { continue };
                let open = match &mut connection {
                    Some(open) => open,
                    None => connection.insert(self.connect_once().await?),
                };
                shown = self.show(open, &schema.name, object, name, &present).await?;
                if present.iter().all(|attribute| shown.contains_key(attribute)) {
                    break;
                }
                busy.insert(member);
                refused += 1;
            }
            let found = shown.iter().filter(|(_, sql)| sql.is_some());
            before.extend(found.map(|(name, sql)| ((hash, *name), sql.clone())));
            let aspect = catalog.variants.aspects.get_index_mut(*place).map(|(_, aspect)| aspect);
            let Some(variant) = aspect.and_then(|aspect| aspect.variants.get_mut(*number)) else { continue };
            for (attribute, value) in Arc::make_mut(&mut variant.values) {
                match shown.get(attribute) {
                    Some(Some(sql)) => *value = sql.clone(),
                    // Locked or gone by now: that it differs is known, how is not.
                    None if present.contains(attribute) => *value = hidden(value),
                    _ => {}
                }
            }
        }
        if let Some(connection) = connection {
            let _ = connection.close().await;
        }
        for (place, _) in wanted {
            if let Some((_, aspect)) = catalog.variants.aspects.get_index_mut(place) {
                aspect.merge();
            }
        }
        Ok(())
    }

    /// The expressions of one object, by attribute.
    async fn show(
        &self,
        connection: &mut PgConnection,
        schema: &str,
        object: &Object,
        aspect: &str,
        expressions: &[&'static str],
    ) -> sqlx::Result<HashMap<&'static str, Option<String>>> {
        let mut shown = HashMap::new();
        // Names of the tenant's own are then written without its schema.
        let path = schema.replace('"', "\"\"");
        let begin = format!("BEGIN READ ONLY; {}; SET LOCAL search_path = \"{path}\"", self.settings());
        for attribute in expressions {
            let Some((statement, names)) = statement(object, aspect, attribute) else { continue };
            let mut transaction = connection.begin_with(begin.clone()).await?;
            let mut question = sqlx::query(statement).persistent(false).bind(schema);
            for name in names {
                question = question.bind(name);
            }
            let answer = question.fetch_optional(&mut *transaction).await;
            transaction.rollback().await?;
            match answer {
                Ok(row) => {
                    shown.insert(*attribute, row.and_then(|row| row.try_get(0).ok().flatten()));
                }
                Err(error) if error.as_database_error().is_some() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(shown)
    }
}

/// What was shown of a variant before.
fn remembered(before: &Shown, hash: u128, attributes: &[&'static str]) -> HashMap<&'static str, Option<String>> {
    attributes.iter().filter_map(|name| Some((*name, before.get(&(hash, *name))?.clone()))).collect()
}

/// Places of variants whose expressions the server is to show. What is known is taken over at once.
fn wanted(catalog: &mut Catalog, schemas: &RoaringBitmap, show: &Show<'_>) -> Vec<(usize, usize)> {
    let mut wanted = Vec::new();
    for (place, aspect) in catalog.variants.aspects.values_mut().enumerate() {
        let among = aspect.variants.iter_mut().enumerate();
        let among: Vec<_> = among.filter(|(_, variant)| !variant.members.is_disjoint(schemas)).collect();
        let differ = among.len() > 1;
        for (number, variant) in among.into_iter().filter(|(_, variant)| !variant.expressions.is_empty()) {
            match show {
                Show::Differing if !differ => {}
                Show::All(known) if let Some(values) = known(variant.hash) => variant.values = Arc::new(values.clone()),
                _ => wanted.push((place, number)),
            }
        }
    }
    wanted.truncate(if matches!(show, Show::Differing) { MOST } else { MOST_IN_ALL });
    wanted
}

const HIDDEN: &str = "an expression that could not be shown";

/// Stands for an expression that could not be shown; still different where the expressions are.
fn hidden(tree: &str) -> String {
    format!("{HIDDEN} ({:08x})", xxhash_rust::xxh3::xxh3_64(tree.as_bytes()) >> 32)
}

/// Whether a value stands for an expression that could not be shown.
pub(crate) fn is_hidden(value: &str) -> bool {
    value.starts_with(HIDDEN)
}

/// The statement that shows an expression, and the names it takes after the schema's.
fn statement<'a>(object: &'a Object, aspect: &str, attribute: &str) -> Option<(&'static str, Vec<&'a str>)> {
    let whole = vec![object.name.as_str()];
    let parts = || object.name.split_once('.').map(|(table, part)| vec![table, part]);
    let found = match (object.kind, aspect, attribute) {
        ("column", "default", _) => (
            "SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid \
             AND a.attnum = d.adnum JOIN pg_class c ON c.oid = d.adrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = $1 AND c.relname = $2 AND a.attname = $3",
            parts()?,
        ),
        ("index", _, "expressions") => (
            "SELECT pg_get_expr(i.indexprs, i.indrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
             JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2",
            whole,
        ),
        ("index", _, "predicate") => (
            "SELECT pg_get_expr(i.indpred, i.indrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
             JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2",
            whole,
        ),
        ("constraint", ..) => (
            "SELECT pg_get_expr(k.conbin, k.conrelid) FROM pg_constraint k LEFT JOIN pg_class c ON c.oid = k.conrelid \
             LEFT JOIN pg_type t ON t.oid = k.contypid JOIN pg_namespace n ON n.oid = k.connamespace \
             WHERE n.nspname = $1 AND coalesce(c.relname, t.typname) = $2 AND k.conname = $3",
            parts()?,
        ),
        ("trigger", ..) => (
            "SELECT substring(pg_get_triggerdef(t.oid, true) FROM 'WHEN \\((.*)\\) EXECUTE ') FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid \
             JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2 AND t.tgname = $3",
            parts()?,
        ),
        ("rule", _, "condition") => (
            "SELECT substring(pg_get_ruledef(r.oid, true) FROM 'WHERE (.*) DO ') FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class \
             JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2 AND r.rulename = $3",
            parts()?,
        ),
        ("rule", ..) => (
            "SELECT substring(pg_get_ruledef(r.oid, true) FROM ' DO (?:INSTEAD )?(.*)') FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class \
             JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2 AND r.rulename = $3",
            parts()?,
        ),
        ("policy", _, "using") => (
            "SELECT pg_get_expr(p.polqual, p.polrelid) FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid \
             JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2 AND p.polname = $3",
            parts()?,
        ),
        ("policy", ..) => (
            "SELECT pg_get_expr(p.polwithcheck, p.polrelid) FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid \
             JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2 AND p.polname = $3",
            parts()?,
        ),
        ("statistics", ..) => (
            "SELECT array_to_string(pg_get_statisticsobjdef_expressions(s.oid), ', ') FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace \
             WHERE n.nspname = $1 AND s.stxname = $2",
            whole,
        ),
        ("publication", ..) => (
            "SELECT pg_get_expr(r.prqual, r.prrelid) FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid \
             JOIN pg_class c ON c.oid = r.prrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = $1 AND c.relname = $2 AND p.pubname = $3",
            parts()?,
        ),
        ("function" | "procedure" | "window function" | "aggregate", ..) => {
            let (name, arguments) = object.name.strip_suffix(')')?.split_once('(')?;
            let statement = if attribute == "defaults" {
                "SELECT pg_get_function_arguments(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace \
                 WHERE n.nspname = $1 AND p.proname = $2 AND oidvectortypes(p.proargtypes) = replace($3, '§.', '')"
            } else {
                "SELECT pg_get_function_sqlbody(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace \
                 WHERE n.nspname = $1 AND p.proname = $2 AND oidvectortypes(p.proargtypes) = replace($3, '§.', '')"
            };
            (statement, vec![name, arguments])
        }
        (_, "partition key", _) => (
            "SELECT pg_get_partkeydef(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = $1 AND c.relname = $2",
            whole,
        ),
        (_, _, "partition bound") => (
            "SELECT pg_get_expr(c.relpartbound, c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = $1 AND c.relname = $2",
            whole,
        ),
        ("view" | "materialized view", "definition", _) => (
            "SELECT pg_get_viewdef(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = $1 AND c.relname = $2",
            whole,
        ),
        _ => return None,
    };
    Some(found)
}
