//! Ledgers beside the target.

use sqlx::PgConnection;
use sqlx::postgres::types::Oid;

use crate::sweep::{self, Cell};
use crate::{Applied, Ledger, Unreadable};

/// One cell per schema: recorded, applied, lacking, then the names of what is missing, one a line.
const LEDGERS: &str = r"
SELECT c.oid AS ledger, CASE WHEN to_regclass(format('%I.django_migrations', n.nspname)) IS NOT NULL THEN
    query_to_xml(format($$
        SELECT concat_ws(E'\n', (SELECT count(DISTINCT (app, name)) FROM %1$I.django_migrations),
                         count(own.app), count(*) FILTER (WHERE own.app IS NULL),
                         array_to_string((array_agg(all_of.app || '.' || all_of.name ORDER BY all_of.id)
                                          FILTER (WHERE own.app IS NULL))[1:%2$s], E'\n')) AS c
        FROM (SELECT app, name, min(id) AS id FROM public.django_migrations GROUP BY app, name) AS all_of
        LEFT JOIN (SELECT DISTINCT app, name FROM %1$I.django_migrations) AS own USING (app, name)
    $$, n.nspname, ($2)[1]), false, true, '')::text END AS cell
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = ANY ($1)";

/// Compares these ledgers with public's. All of them are [`Unreadable::NoTarget`] when that is locked.
pub(crate) async fn read(
    connection: &mut PgConnection,
    public: Oid,
    ledgers: &[Oid],
) -> sqlx::Result<Vec<(Oid, Ledger)>> {
    let named = [Applied::NAMED.to_string()];
    let cells = sweep::cells(connection, LEDGERS, &named, Some(public), ledgers).await?;
    let ledger = |cell: Cell| match cell {
        Cell::Text(text) => parse(&text).map_or(Ledger::Unreadable(Unreadable::OddShape), Ledger::Read),
        Cell::Unreadable(why) => Ledger::Unreadable(why),
    };
    Ok(cells.into_iter().map(|(oid, cell)| (oid, ledger(cell))).collect())
}

/// Reads `53\n51\n2\norders.0005_x\norders.0006_y`.
fn parse(cell: &str) -> Option<Applied> {
    let mut lines = cell.lines();
    let mut number = || lines.next()?.trim().parse().ok();
    let (recorded, applied, lacking) = (number()?, number()?, number()?);
    Some(Applied { recorded, applied, lacking, missing: lines.map(str::to_owned).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_read_back_as_it_was() {
        let applied = parse("53\n51\n2\norders.0005_a<b\ncrm.0001_initial").unwrap();
        assert_eq!((applied.recorded, applied.applied, applied.lacking), (53, 51, 2));
        assert_eq!(applied.missing, ["orders.0005_a<b", "crm.0001_initial"]);
    }

    #[test]
    fn a_complete_ledger_names_nothing() {
        assert!(parse("53\n53\n0").unwrap().missing.is_empty());
        assert!(parse("").is_none());
    }
}
