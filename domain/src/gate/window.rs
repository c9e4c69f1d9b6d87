//! When deployments may leave: minutes of local time, as cron writes them.

use jiff::{Timestamp, ToSpan, Unit, civil::DateTime, tz::TimeZone};

/// How far openings are looked for, in days.
const HORIZON: i64 = 92;

/// Minutes of local time in cron's five fields: minute, hour, day of month, month, day of week. A window written
/// `* 9-16 * * mon-thu` is open in every minute that fits, that is from 9:00 until 16:59.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minutes {
    text: String,
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
}

/// Why a text does not name minutes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadMinutes(String);

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl Minutes {
    /// Reads five fields of numbers, names, lists, ranges and steps.
    ///
    /// # Errors
    /// [`BadMinutes`] with the field that is wrong.
    pub fn parse(text: &str) -> Result<Self, BadMinutes> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields[..] else {
            let count = fields.len();
            if count == 6 {
                return Err(BadMinutes("six fields, that is with seconds; leave the first one out".into()));
            }
            return Err(BadMinutes(format!("{count} fields instead of minute, hour, day, month and weekday")));
        };
        let weekdays = field("weekday", weekdays, 0, 7, &DAYS, 0)?;
        Ok(Self {
            text: text.to_owned(),
            minutes: field("minute", minutes, 0, 59, &[], 0)?,
            hours: field("hour", hours, 0, 23, &[], 0)?,
            days: field("day", days, 1, 31, &[], 0)?,
            months: field("month", months, 1, 12, &MONTHS, 1)?,
            // Sunday is 0 and 7.
            weekdays: (weekdays | (weekdays >> 7)) & 0x7f,
        })
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn fits(&self, at: DateTime) -> bool {
        self.fits_day(at) && has(self.minutes, at.minute()) && has(self.hours, at.hour())
    }

    /// Whether every hour of the day has such minutes.
    pub(crate) fn is_hourly(&self) -> bool {
        self.hours == range(0, 23)
    }

    /// Whether an hour that fits has this minute.
    pub(crate) fn fits_minute(&self, minute: i8) -> bool {
        has(self.minutes, minute)
    }

    /// How many minutes after this one the next one fits, or the next hour begins.
    pub(crate) fn minutes_after(&self, minute: i8) -> i8 {
        (minute + 1..60).find(|next| has(self.minutes, *next)).unwrap_or(60) - minute
    }

    /// The hours and minutes of a day that fits, in their order.
    pub(crate) fn times(&self) -> impl Iterator<Item = (i8, i8)> {
        let hours = (0..24).filter(|hour| has(self.hours, *hour));
        hours.flat_map(|hour| (0..60).filter(|minute| has(self.minutes, *minute)).map(move |minute| (hour, minute)))
    }

    /// As with cron, of a day of month and a weekday that are both given one is enough.
    pub(crate) fn fits_day(&self, at: DateTime) -> bool {
        let day = has(self.days, at.day());
        let weekday = has(self.weekdays, at.weekday().to_sunday_zero_offset());
        let any_day = self.days == range(1, 31);
        let any_weekday = self.weekdays == range(0, 6);
        let fits = if any_day || any_weekday { day && weekday } else { day || weekday };
        fits && has(self.months, at.month())
    }
}

fn has(set: u64, number: i8) -> bool {
    u32::try_from(number).is_ok_and(|number| set >> number & 1 == 1)
}

fn range(from: u32, to: u32) -> u64 {
    (from..=to).fold(0, |set, number| set | 1 << number)
}

fn field(what: &str, text: &str, low: u32, high: u32, names: &[&str], first: u32) -> Result<u64, BadMinutes> {
    let bad = || BadMinutes(format!("{text:?} is no {what}: {low} to {high}, in lists, ranges and steps"));
    let number = |text: &str| {
        let lower = text.to_ascii_lowercase();
        let named = names.iter().position(|name| *name == lower).and_then(|n| u32::try_from(n).ok());
        let number = named.map(|n| n + first).or_else(|| text.parse().ok());
        number.filter(|number| (low..=high).contains(number)).ok_or_else(bad)
    };
    let mut set = 0;
    for part in text.split(',') {
        let (span, step) = part.split_once('/').map_or((part, None), |(span, step)| (span, Some(step)));
        let (from, to) = match span.split_once('-') {
            _ if span == "*" => (low, high),
            Some((from, to)) => (number(from)?, number(to)?),
            None if step.is_some() => (number(span)?, high),
            None => (number(span)?, number(span)?),
        };
        let step: usize = step.map_or(Ok(1), |step| step.parse().map_err(|_| bad()))?;
        if step == 0 || from > to {
            return Err(bad());
        }
        set |= (from..=to).step_by(step).fold(0, |set, number| set | 1 << number);
    }
    Ok(set)
}

/// Times in which deployments may leave. What is denied is denied, whatever is allowed.
#[derive(Debug, Clone)]
pub struct Window {
    /// When they may; empty for always.
    pub allow: Vec<Minutes>,
    /// When they may not.
    pub deny: Vec<Minutes>,
    /// Whose local time that is.
    pub zone: TimeZone,
}

impl Window {
    /// Whether the window is open.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        let local = self.zone.to_datetime(at);
        let denied = self.deny.iter().any(|minutes| minutes.fits(local));
        !denied && (self.allow.is_empty() || self.allow.iter().any(|minutes| minutes.fits(local)))
    }

    /// When it closes that is open now; a day later when it does not within a week.
    #[must_use]
    pub fn closes(&self, now: Timestamp) -> Timestamp {
        let minute = jiff::TimestampRound::new().smallest(Unit::Minute).mode(jiff::RoundMode::Ceil);
        let start = now.round(minute).unwrap_or(now);
        let minutes = (0..7 * 24 * 60).filter_map(|n: i64| start.checked_add(n.minutes()).ok());
        let closed = minutes.into_iter().find(|at| *at > now && !self.is_open(*at));
        closed.unwrap_or_else(|| now.checked_add(24.hours()).unwrap_or(now))
    }

    /// The next times at which it opens, at most `count` of them within three months.
    #[must_use]
    pub fn next_openings(&self, after: Timestamp, count: usize) -> Vec<Timestamp> {
        let mut openings = vec![];
        let Ok(mut at) = after.round(jiff::TimestampRound::new().smallest(Unit::Minute).mode(jiff::RoundMode::Ceil))
        else {
            return openings;
        };
        let Ok(end) = after.checked_add((HORIZON * 24).hours()) else { return openings };
        let mut was_open = self.is_open(after);
        while at < end && openings.len() < count {
            let local = self.zone.to_datetime(at);
            let no_day = !self.allow.is_empty() && !self.allow.iter().any(|minutes| minutes.fits_day(local));
            let next = if no_day {
                was_open = false;
                local.date().tomorrow().ok().and_then(|day| day.to_zoned(self.zone.clone()).ok()).map(|z| z.timestamp())
            } else {
                let open = self.is_open(at);
                if open && !was_open {
                    openings.push(at);
                }
                was_open = open;
                at.checked_add(1.minute()).ok()
            };
            match next {
                Some(next) if next > at => at = next,
                _ => break,
            }
        }
        openings
    }
}
