//! Writes facts in words, with the schema's own name left out: `§` stands for it.

use rustc_hash::FxHashSet;

use super::{
    code,
    line::{numbers, unescape},
    names::{Class, FIRST_USER_OID, Missing, Names, SYSTEM, SchemaId},
};

/// Stands for the schema that a fact belongs to. Equal tenants then have equal facts.
pub(crate) const OWN: &str = "§";

/// Stands for NULL. No text in PostgreSQL holds this character.
pub(crate) const NONE: &str = "\0";

/// Something of another schema that an object refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reach {
    /// The other schema.
    pub(crate) schema: SchemaId,
    /// What of it, such as `orders_id_seq`; the schema itself where it is only named.
    pub(crate) target: String,
    /// In which attribute.
    pub(crate) attribute: &'static str,
}

/// Writes one fact.
pub(super) struct Pen<'a> {
    pub(super) names: &'a Names,
    /// The schema that the fact belongs to.
    pub(super) home: SchemaId,
    /// The attribute that is being written.
    pub(super) attribute: &'static str,
    pub(super) text: String,
    /// The same without `§` in free text, where a name that looks like the schema's own may be chance.
    pub(super) verbatim: Option<String>,
    pub(super) reaches: Vec<Reach>,
    /// Free text within `text`: its attribute, start and end.
    pub(super) prose: Vec<(&'static str, usize, usize)>,
    /// Names of nothing that is known, written after the schema's own in free text.
    pub(super) unknown: Vec<String>,
}

impl<'a> Pen<'a> {
    /// A pen that writes into a buffer.
    pub(super) fn new(names: &'a Names, home: SchemaId, mut buffer: String) -> Self {
        buffer.clear();
        let (reaches, prose, unknown) = (Vec::new(), Vec::new(), Vec::new());
        Self { names, home, attribute: "", text: buffer, verbatim: None, reaches, prose, unknown }
    }

    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
        if let Some(verbatim) = &mut self.verbatim {
            verbatim.push_str(text);
        }
    }

    /// Writes what an OID names.
    pub(super) fn reference(&mut self, class: Class, oid: u32) -> Result<(), Missing> {
        if oid == 0 {
            self.push(NONE);
            return Ok(());
        }
        if class == Class::Schema {
            let schema = self.names.schema(oid).ok_or(Missing { class, oid })?;
            self.schema(schema);
            return Ok(());
        }
        let named = match self.names.named(class, oid) {
            Ok(named) => named,
            // Of the server itself: the number is as good as a name.
            Err(_) if oid < FIRST_USER_OID || self.names.everything_is_known => {
                self.push(&oid.to_string());
                return Ok(());
            }
            Err(missing) => return Err(missing),
        };
        let name = self.names.text(named);
        if class == Class::Role {
            self.role(name);
        } else if named.schema == SYSTEM {
            self.push(name);
        } else if named.schema == self.home {
            self.push(OWN);
            self.push(".");
            self.push(name);
        } else {
            let schema = self.names.schema_name(named.schema);
            self.push(schema);
            self.push(".");
            self.push(name);
            self.reach(named.schema, name);
        }
        Ok(())
    }

    fn reach(&mut self, schema: SchemaId, target: &str) {
        self.reaches.push(Reach { schema, target: target.to_owned(), attribute: self.attribute });
    }

    fn schema(&mut self, schema: SchemaId) {
        if schema == self.home {
            self.push(OWN);
        } else {
            let name = self.names.schema_name(schema);
            self.push(name);
            self.reach(schema, name);
        }
    }

    /// A role that is called like a schema belongs to that tenant.
    pub(super) fn role(&mut self, name: &str) {
        match self.names.schema_named(name) {
            Some(schema) => self.schema(schema),
            None => self.push(name),
        }
    }

    /// Writes a list of references.
    pub(super) fn references(&mut self, class: Class, list: &str) -> Result<(), Missing> {
        for (place, oid) in numbers(list).enumerate() {
            if place > 0 {
                self.push(", ");
            }
            self.reference(class, u32::try_from(oid).unwrap_or(0))?;
        }
        Ok(())
    }

    /// Writes free text: the body of a function, a setting, a text constant.
    pub(super) fn prose(&mut self, escaped: &str) {
        let text = unescape(escaped);
        let begun = self.text.len();
        let own = self.names.schemas.get(self.home as usize).map_or("", |schema| schema.name.as_str());
        let setting = self.attribute == "settings";
        for piece in code::pieces(&text) {
            let known = piece.qualifies.as_ref().is_some_and(|next| self.names.knows(next));
            let is_own = piece.name.as_deref() == Some(own);
            if is_own && !known {
                self.unknown.extend(piece.qualifies);
            }
            if is_own && (setting || piece.is_whole_literal || known) {
                if self.verbatim.is_none() {
                    self.verbatim = Some(self.text.clone());
                }
                self.text.push_str(OWN);
                if let Some(verbatim) = &mut self.verbatim {
                    verbatim.push_str(piece.text);
                }
            } else {
                self.push(piece.text);
            }
        }
        self.prose.push((self.attribute, begun, self.text.len()));
    }
}

/// Which other schemas a free text names. Asked once for each distinct text, because it is slow. What a schema
/// is said to hold and does not is added to `absent`.
pub(super) fn mentions(
    names: &Names,
    attribute: &'static str,
    text: &str,
    absent: &mut FxHashSet<(SchemaId, String)>,
) -> Vec<Reach> {
    let settings = attribute == "settings";
    let sets_path = settings || text.contains("search_path");
    let mut found: Vec<Reach> = Vec::new();
    for piece in code::pieces(text) {
        let Some(schema) = piece.name.as_deref().and_then(|name| names.schema_named(name)) else { continue };
        let target = match &piece.qualifies {
            Some(next) if names.holds(schema, next) => next.clone(),
            Some(next) => {
                absent.insert((schema, next.clone()));
                continue;
            }
            None if settings || (sets_path && piece.is_whole_literal) => names.schema_name(schema).to_owned(),
            None => continue,
        };
        let reach = Reach { schema, target, attribute };
        if !found.contains(&reach) {
            found.push(reach);
        }
    }
    found
}
