//! Registering application commands, in the guild or globally.

use axum::Json;
use axum::extract::State as Extracted;
use http::StatusCode;
use serde_json::{Value, json};

use super::extract::{Ids, Sent};
use crate::discord::Discord;
use crate::discord::error::ApiError;
use crate::discord::id::Id;
use crate::discord::state::{Command, State};
use crate::discord::validate::command;
use crate::discord::wire;

type Answer = Result<Json<Value>, ApiError>;
type Scope = Option<Id>;

/// Makes the handlers of one scope; they differ only in what the path holds.
macro_rules! handlers {
    ($list:ident $overwrite:ident $create:ident $one:ident $change:ident $remove:ident,
     $path:pat => $type:ty, $item:pat => $item_type:ty, $scope:expr, $command:ident) => {
        pub(super) async fn $list(Extracted(d): Extracted<Discord>, Ids($path): Ids<$type>) -> Answer {
            d.look(|state| {
                state.scope_exists($scope)?;
                Ok(Json(state.commands_json($scope.1)))
            })
        }

        pub(super) async fn $overwrite(Extracted(d): Extracted<Discord>, Ids($path): Ids<$type>, body: Sent) -> Answer {
            d.change(|state| {
                state.scope_exists($scope)?;
                state.overwrite_commands($scope.1, &body.json)
            })
        }

        pub(super) async fn $create(
            Extracted(d): Extracted<Discord>,
            Ids($path): Ids<$type>,
            body: Sent,
        ) -> Result<(StatusCode, Json<Value>), ApiError> {
            d.change(|state| {
                state.scope_exists($scope)?;
                state.create_command($scope.1, &body.json)
            })
        }

        pub(super) async fn $one(Extracted(d): Extracted<Discord>, Ids($item): Ids<$item_type>) -> Answer {
            d.look(|state| {
                state.scope_exists($scope)?;
                let found = state.command($scope.1, $command)?;
                Ok(Json(wire::command(found, state.application.id)))
            })
        }

        pub(super) async fn $change(
            Extracted(d): Extracted<Discord>,
            Ids($item): Ids<$item_type>,
            body: Sent,
        ) -> Answer {
            d.change(|state| {
                state.scope_exists($scope)?;
                state.change_command($scope.1, $command, &body.json)
            })
        }

        pub(super) async fn $remove(
            Extracted(d): Extracted<Discord>,
            Ids($item): Ids<$item_type>,
        ) -> Result<StatusCode, ApiError> {
            d.change(|state| {
                state.scope_exists($scope)?;
                let id = state.command($scope.1, $command)?.id;
                state.commands.retain(|known| known.id != id);
                Ok(StatusCode::NO_CONTENT)
            })
        }
    };
}

handlers!(list_global overwrite_global create_global one_global change_global remove_global,
    application => Id, (application, command) => (Id, Id), (application, None), command);
handlers!(list_guild overwrite_guild create_guild one_guild change_guild remove_guild,
    (application, guild) => (Id, Id), (application, guild, command) => (Id, Id, Id),
    (application, Some(guild)), command);

impl State {
    fn scope_exists(&self, (application, guild): (Id, Scope)) -> Result<(), ApiError> {
        if application != self.application.id {
            return Err(ApiError::unknown_application());
        }
        match guild {
            Some(guild) if guild != self.guild.id => Err(ApiError::missing_access()),
            _ => Ok(()),
        }
    }

    fn commands_json(&self, scope: Scope) -> Value {
        self.commands
            .iter()
            .filter(|command| command.guild == scope)
            .map(|command| wire::command(command, self.application.id))
            .collect()
    }

    fn command(&self, scope: Scope, id: Id) -> Result<&Command, ApiError> {
        self.commands
            .iter()
            .find(|command| command.guild == scope && command.id == id)
            .ok_or_else(ApiError::unknown_command)
    }

    /// Replaces all commands of a scope; those that keep their name keep their id.
    fn overwrite_commands(&mut self, scope: Scope, body: &Value) -> Answer {
        command::check_all(body)?;
        let definitions: Vec<Value> =
            body.as_array().into_iter().flatten().map(|definition| Value::Object(command::kept(definition))).collect();
        let (old, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.commands).into_iter().partition(|command| command.guild == scope);
        self.commands = others;
        for definition in definitions {
            let earlier = old.iter().find(|command| {
                command.definition["name"] == definition["name"] && command.definition["type"] == definition["type"]
            });
            self.keep_command(scope, earlier, definition);
        }
        Ok(Json(self.commands_json(scope)))
    }

    fn keep_command(&mut self, guild: Scope, earlier: Option<&Command>, definition: Value) -> Id {
        let id = earlier.map_or_else(|| self.next_id(), |command| command.id);
        let version = match earlier {
            Some(command) if command.definition == definition => command.version,
            _ => self.next_id(),
        };
        self.commands.push(Command { id, version, guild, definition });
        id
    }

    /// Creates a command, or replaces the one of the same name.
    fn create_command(&mut self, scope: Scope, body: &Value) -> Result<(StatusCode, Json<Value>), ApiError> {
        command::check(body)?;
        let definition = Value::Object(command::kept(body));
        let index = self.commands.iter().position(|command| {
            command.guild == scope
                && command.definition["name"] == definition["name"]
                && command.definition["type"] == definition["type"]
        });
        let earlier = index.map(|index| self.commands.remove(index));
        let id = self.keep_command(scope, earlier.as_ref(), definition);
        let status = if earlier.is_some() { StatusCode::OK } else { StatusCode::CREATED };
        let command = self.command(scope, id)?;
        Ok((status, Json(wire::command(command, self.application.id))))
    }

    fn change_command(&mut self, scope: Scope, id: Id, body: &Value) -> Answer {
        let old = self.command(scope, id)?.clone();
        let mut merged = old.definition.clone();
        if let (Some(merged), Some(changes)) = (merged.as_object_mut(), body.as_object()) {
            merged.extend(changes.clone());
        }
        command::check(&merged)?;
        self.commands.retain(|command| command.id != id);
        let mut definition = Value::Object(command::kept(&merged));
        definition["type"] = json!(old.kind());
        self.keep_command(scope, Some(&old), definition);
        let command = self.command(scope, id)?;
        Ok(Json(wire::command(command, self.application.id)))
    }
}
