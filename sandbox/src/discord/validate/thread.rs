//! Bodies that start or change a thread.

use super::schema::Kind::{Anything, Flag, Integer, List, OneOf, Snowflake, Text};
use super::schema::{Field, Kind, may, must};

const AUTO_ARCHIVE: Kind = OneOf(&[60, 1440, 4320, 10080]);

/// `POST /channels/{id}/messages/{id}/threads`.
pub(crate) static FROM_MESSAGE: &[Field] = &[
    must("name", Text(1, 100)),
    may("auto_archive_duration", AUTO_ARCHIVE),
    may("rate_limit_per_user", Integer(0, 21600)),
];

/// `POST /channels/{id}/threads`.
pub(crate) static ALONE: &[Field] = &[
    must("name", Text(1, 100)),
    may("auto_archive_duration", AUTO_ARCHIVE),
    may("rate_limit_per_user", Integer(0, 21600)),
    may("type", OneOf(&[11])),
    may("invitable", Flag),
];

/// `PATCH /channels/{id}` for a thread.
pub(crate) static CHANGE: &[Field] = &[
    may("name", Text(1, 100)),
    may("archived", Flag),
    may("locked", Flag),
    may("invitable", Flag),
    may("auto_archive_duration", AUTO_ARCHIVE),
    may("rate_limit_per_user", Integer(0, 21600)),
    may("flags", Integer(0, i64::MAX)),
    may("applied_tags", List(0, 5, &Snowflake)),
];

/// `PATCH /channels/{id}` for a text channel.
pub(crate) static CHANGE_CHANNEL: &[Field] = &[
    may("name", Text(1, 100)),
    may("topic", Text(0, 1024)),
    may("position", Integer(0, 500)),
    may("permission_overwrites", List(0, 100, &Anything)),
];
