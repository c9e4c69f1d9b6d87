//! Levels of service over seven days: how long half of the times took at most, and 95 of 100.

use signalbox_domain::{
    SignedDuration, Timestamp,
    pulse::{Level, Levels, Quantiles, short},
};

use super::canvas::{BLUE, Canvas, FAINT, GREY, GROUND, INK, Undrawn, YELLOW, picture};

/// In pixels; the chat shows pictures up to about this wide without scaling.
const WIDTH: u32 = 540;
/// Of one level.
const ROW: i32 = 116;
const FOOT: i32 = 30;
const LEFT: i32 = 16;
const RIGHT: i32 = 524;
const LABEL: f32 = 18.0;

/// The picture as PNG, and what it shows for those who cannot see it. `None`: nothing was counted yet.
pub(crate) fn draw(levels: &Levels, now: Timestamp) -> Option<Result<(Vec<u8>, String), Undrawn>> {
    let week = |level| Some((level, levels.week(level, now)?));
    let shown: Vec<(Level, Quantiles)> = Level::ALL.into_iter().filter_map(week).collect();
    if shown.is_empty() {
        return None;
    }
    let bottom = ROW * i32::try_from(shown.len()).unwrap_or_default();
    let drawn = picture((WIDTH, (bottom + FOOT).unsigned_abs()), GROUND, |canvas| {
        for ((level, week), top) in shown.iter().zip((0..).step_by(ROW.unsigned_abs() as usize)) {
            row(canvas, (*level, week), &levels.steps(*level, now), top)?;
        }
        foot(canvas, bottom + FOOT / 2 - 2)
    });
    let says = |(level, week): &(Level, Quantiles)| {
        format!("{}: half within {}, 95 of 100 within {}", level.says(), short(week.p50), short(week.p95))
    };
    let says = shown.iter().map(says).collect::<Vec<_>>().join("; ");
    Some(drawn.map(|file| (file, format!("Over seven days, {says}"))))
}

fn row(
    canvas: &mut Canvas<'_>,
    (level, week): (Level, &Quantiles),
    steps: &[Option<Quantiles>],
    top: i32,
) -> Result<(), Undrawn> {
    let most = steps.iter().flatten().map(|step| step.p95).max().unwrap_or(week.p95);
    let (upper, base) = (top + 34, top + ROW - 8);
    canvas.text(level.says(), (LEFT, top + 17), 0.0, LABEL, INK)?;
    canvas.text(&format!("up to {}", short(most)), (RIGHT, top + 17), 1.0, LABEL, GREY)?;
    canvas.line((LEFT, base), (RIGHT, base), FAINT, 1)?;
    let last = i32::try_from(steps.len()).unwrap_or(1).saturating_sub(1).max(1);
    let x = |n: i32| LEFT + 4 + (RIGHT - LEFT - 8) * n / last;
    let y = |took: SignedDuration| {
        base - (f64::from(base - upper) * took.as_secs_f64() / most.as_secs_f64().max(0.001)).round() as i32
    };
    for (percent, colour) in [(95, YELLOW), (50, BLUE)] {
        let mut before = None;
        for (n, step) in (0..).zip(steps) {
            let at = step.as_ref().map(|step| (x(n), y(if percent == 95 { step.p95 } else { step.p50 })));
            if let Some(at) = at {
                canvas.disc(at, 3, colour)?;
            }
            if let (Some(before), Some(at)) = (before, at) {
                canvas.line(before, at, colour, 2)?;
            }
            before = at;
        }
    }
    Ok(())
}

fn foot(canvas: &mut Canvas<'_>, middle: i32) -> Result<(), Undrawn> {
    let mut left = LEFT;
    for (says, colour) in [("half within", BLUE), ("95 of 100 within", YELLOW)] {
        canvas.disc((left + 6, middle), 4, colour)?;
        canvas.text(says, (left + 16, middle), 0.0, LABEL, GREY)?;
        left += canvas.width(says, LABEL) + 36;
    }
    canvas.text("seven days", (RIGHT, middle), 1.0, LABEL, GREY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_two_lines_with_gaps_where_nothing_was_counted() {
        let now = Timestamp::from_second(1_790_000_000).unwrap();
        let mut levels = Levels::default();
        assert!(draw(&levels, now).is_none());
        for hour in (0..168).filter(|hour| !(60..90).contains(hour)) {
            for n in 1..20 {
                let at = now - SignedDuration::from_hours(167 - hour);
                levels.count(Level::Acknowledgement, SignedDuration::from_millis(15 + n * (hour % 7)), at);
                levels.count(Level::EventToCard, SignedDuration::from_millis(400 + n * 80), at);
            }
        }
        let (file, says) = draw(&levels, now).unwrap().unwrap();
        assert!(file.starts_with(b"\x89PNG") && file.len() < 30_000, "{} bytes", file.len());
        assert!(
            says.starts_with("Over seven days, acknowledgement: half within ") && says.contains("; event to card: ")
        );
        assert!(!says.contains("reaction"), "{says}");
    }
}
