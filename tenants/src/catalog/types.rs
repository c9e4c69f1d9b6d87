//! Types as people write them.

/// The name of a type of `pg_catalog` (<https://www.postgresql.org/docs/current/datatype.html>);
/// `_x` is an array of `x`.
pub(super) fn name(stored: &str) -> String {
    if let Some(element) = stored.strip_prefix('_') {
        return format!("{}[]", name(element));
    }
    let name = match stored {
        "bool" => "boolean",
        "int2" => "smallint",
        "int4" => "integer",
        "int8" => "bigint",
        "float4" => "real",
        "float8" => "double precision",
        "varchar" => "character varying",
        "bpchar" => "character",
        "varbit" => "bit varying",
        "time" => "time without time zone",
        "timetz" => "time with time zone",
        "timestamp" => "timestamp without time zone",
        "timestamptz" => "timestamp with time zone",
        other => other,
    };
    name.to_owned()
}

/// What a column's `atttypmod` adds: `(64)`, `(10,2)`.
pub(super) fn modifier(kind: u32, typmod: &str) -> String {
    let Some(number) = typmod.parse::<i32>().ok().filter(|number| *number >= 0) else { return String::new() };
    match kind {
        // bpchar, varchar and their arrays count a header of four bytes.
        1042 | 1043 | 1014 | 1015 => format!("({})", number - 4),
        1700 | 1231 => {
            let (precision, scale) = ((number - 4) >> 16 & 0xffff, (number - 4) & 0x7ff);
            // Scales are signed eleven-bit numbers since PostgreSQL 15.
            format!("({precision},{})", (scale ^ 1024) - 1024)
        }
        _ => format!("({number})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_read_as_they_are_written() {
        assert_eq!(name("_timestamptz"), "timestamp with time zone[]");
        assert_eq!(name("jsonb"), "jsonb");
        assert_eq!(modifier(1043, "68"), "(64)");
        assert_eq!(modifier(1043, "-1"), "");
        assert_eq!(modifier(1700, "655366"), "(10,2)");
        assert_eq!(modifier(1184, "3"), "(3)");
    }
}
