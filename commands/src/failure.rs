//! What Discord said, or did not say, when it did not do something.

use poise::serenity_prelude as serenity;

/// Error codes of Discord that mean something to us
/// (<https://discord.com/developers/docs/topics/opcodes-and-status-codes#json>).
pub mod codes {
    /// The channel is not there.
    pub const UNKNOWN_CHANNEL: isize = 10003;
    /// The guild is not there, or the bot is not in it.
    pub const UNKNOWN_GUILD: isize = 10004;
    /// The member has left the guild.
    pub const UNKNOWN_MEMBER: isize = 10007;
    /// The message is not there.
    pub const UNKNOWN_MESSAGE: isize = 10008;
    /// The account is not there.
    pub const UNKNOWN_USER: isize = 10013;
    /// An interaction's token is over, or it was never acknowledged.
    pub const UNKNOWN_WEBHOOK: isize = 10015;
    /// An interaction was not acknowledged within three seconds.
    pub const UNKNOWN_INTERACTION: isize = 10062;
    /// An interaction was acknowledged before.
    pub const ALREADY_ACKNOWLEDGED: isize = 40060;
    /// An interaction's token is over.
    pub const INVALID_WEBHOOK_TOKEN: isize = 50027;
    /// The person takes no direct messages from the bot.
    pub const CANNOT_WRITE_TO_PERSON: isize = 50007;
    /// The bot shares no server with the person.
    pub const NO_SERVER_IN_COMMON: isize = 50278;
    /// The message has a thread already.
    pub const THREAD_EXISTS: isize = 160_004;
}

/// Why a request to Discord failed. Its text never holds an address, since those of interactions bear a secret token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Failure {
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// Discord's own error code, if the answer had one.
    pub code: Option<isize>,
    /// Whether the request was refused before it was sent: repeating it cannot help.
    pub ours: bool,
    text: String,
}

impl Failure {
    /// Whether Discord answered with this code.
    #[must_use]
    pub fn is(&self, code: isize) -> bool {
        self.code == Some(code)
    }

    /// Whether nobody can tell if the request was carried out: there was no answer, or a fault of Discord's.
    #[must_use]
    pub fn is_unclear(&self) -> bool {
        !self.ours && self.status.is_none_or(|status| status >= 500)
    }

    fn unanswered(text: impl Into<String>) -> Self {
        Self { status: None, code: None, ours: false, text: text.into() }
    }
}

impl From<serenity::Error> for Failure {
    fn from(error: serenity::Error) -> Self {
        match error {
            serenity::Error::Http(serenity::HttpError::UnsuccessfulRequest(answer)) => {
                let status = answer.status_code.as_u16();
                // -1 is serenity's own mark for a body that is not Discord's.
                let code = Some(answer.error.code).filter(|code| *code > 0);
                let said = match code {
                    Some(code) => format!("Discord answered {status} ({code}): {}", answer.error.message),
                    None => format!("Discord answered {status}"),
                };
                let fields = answer.error.errors.iter().map(|e| format!("; {}: {}", e.path, e.message));
                Self { status: Some(status), code, ours: false, text: said + &fields.collect::<String>() }
            }
            serenity::Error::Http(serenity::HttpError::Request(error)) => Self::unanswered(unanswered(&error)),
            error @ (serenity::Error::Model(_) | serenity::Error::Http(_)) => {
                Self { ours: true, ..Self::unanswered(format!("the request could not be made: {error}")) }
            }
            serenity::Error::Json(error) => Self::unanswered(format!("Discord's answer could not be read: {error}")),
            error => Self::unanswered(error.to_string()),
        }
    }
}

/// The deepest cause: what stands above it repeats the address.
fn unanswered(error: &(impl std::error::Error + 'static)) -> String {
    let mut cause = error.source();
    while let Some(deeper) = cause.and_then(|cause| cause.source()) {
        cause = Some(deeper);
    }
    match cause {
        Some(cause) => format!("Discord did not answer: {cause}"),
        None => "Discord did not answer".into(),
    }
}
