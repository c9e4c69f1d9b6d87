//! Draws charts of migrations: with their own ground, so that they read alike on a dark and a light chat.

use signalbox_domain::{
    SignedDuration, Timestamp,
    history::{Chart, Outcome, Plot, Point, quantile},
};

use super::canvas::{BLUE, Canvas, FAINT, GREEN, GREY, GROUND, INK, ORANGE, Place, RED, Undrawn, YELLOW, picture};

/// In pixels; the chat shows it at about half the size.
const SIZE: (u32, u32) = (1_100, 600);
/// Between the axes.
const LEFT: i32 = 122;
const RIGHT: i32 = 1_076;
const TOP: i32 = 96;
const BOTTOM: i32 = 482;
/// Where the legend stands.
const LEGEND: i32 = 572;

const TITLE: f32 = 36.0;
const LABEL: f32 = 27.0;

/// A chart as PNG.
///
/// # Errors
/// [`Undrawn`]; the answer is worth giving without it.
pub fn draw(chart: &Chart) -> Result<Vec<u8>, Undrawn> {
    picture(SIZE, GROUND, |canvas| {
        canvas.text(&chart.title, (30, 32), 0.0, TITLE, INK)?;
        match &chart.plot {
            Plot::Durations { points, median, lines } => durations(canvas, points, *median, lines),
            Plot::Spread { samples, median, p90 } => spread(canvas, samples, *median, *p90),
        }
    })
}

/// A line of numbers, laid onto pixels.
struct Axis {
    from: f64,
    until: f64,
    pixels: (i32, i32),
}

impl Axis {
    fn x(from: f64, until: f64) -> Self {
        Self { from, until, pixels: (LEFT, RIGHT) }
    }

    fn y(from: f64, until: f64) -> Self {
        Self { from, until, pixels: (BOTTOM, TOP) }
    }

    fn at(&self, value: f64) -> i32 {
        let (first, last) = self.pixels;
        first + (f64::from(last - first) * (value - self.from) / (self.until - self.from)).round() as i32
    }

    fn holds(&self, value: f64) -> bool {
        (self.from..=self.until).contains(&value)
    }
}

/// Grid, labels, and what each axis counts.
fn axes(
    canvas: &mut Canvas<'_>,
    (x, x_says): (&[(i32, String)], &str),
    (y, y_says): (&[(i32, String)], &str),
) -> Result<(), Undrawn> {
    for (at, says) in x {
        canvas.line((*at, TOP), (*at, BOTTOM + 6), FAINT, 1)?;
        canvas.text(says, (*at, BOTTOM + 24), 0.5, LABEL, INK)?;
    }
    for (at, says) in y {
        canvas.line((LEFT - 6, *at), (RIGHT, *at), FAINT, 1)?;
        canvas.text(says, (LEFT - 14, *at), 1.0, LABEL, INK)?;
    }
    canvas.line((LEFT, TOP), (LEFT, BOTTOM), GREY, 2)?;
    canvas.line((LEFT, BOTTOM), (RIGHT, BOTTOM), GREY, 2)?;
    canvas.text(y_says, (LEFT, TOP - 22), 0.5, LABEL, GREY)?;
    canvas.text(x_says, (RIGHT, BOTTOM + 54), 1.0, LABEL, GREY)
}

/// Lengths that a person finds on an axis, in seconds. Their distances grow alike: jobs of a minute and of an hour
/// both show.
const TICKS: [f64; 14] =
    [1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0, 28_800.0];

fn tick(seconds: f64) -> String {
    match seconds.round() as u64 {
        s @ 0..60 => format!("{s} s"),
        s @ 60..3600 => format!("{} min", s / 60),
        s => format!("{} h", s / 3600),
    }
}

/// In seconds; what took less than one took one, since the axis has no nought.
fn seconds(of: SignedDuration) -> f64 {
    of.as_secs_f64()
}

fn days(at: Timestamp) -> f64 {
    at.as_second() as f64 / 86_400.0
}

fn durations(
    canvas: &mut Canvas<'_>,
    points: &[Point],
    median: Option<SignedDuration>,
    lines: &[(SignedDuration, String)],
) -> Result<(), Undrawn> {
    let height = |took: SignedDuration| seconds(took).max(1.0).ln();
    let shown = || points.iter().map(|point| point.took).chain(lines.iter().map(|(at, _)| *at)).map(height);
    let y = Axis::y(shown().fold(f64::MAX, f64::min) - 0.4, shown().fold(0.0, f64::max) + 0.4);
    let times = || points.iter().map(|point| days(point.at));
    let (first, last) = (times().fold(f64::MAX, f64::min), times().fold(f64::MIN, f64::max));
    let air = ((last - first) * 0.03).max(0.02);
    let x = Axis::x(first - air, last + air);
    let ticks: Vec<_> = TICKS.into_iter().filter(|at| y.holds(at.ln())).map(|at| (y.at(at.ln()), tick(at))).collect();
    axes(canvas, (&dates(&x), "started (UTC)"), (&ticks, "duration"))?;
    for ((took, says), colour) in lines.iter().zip([ORANGE, YELLOW]) {
        let at = y.at(height(*took));
        canvas.dashes((LEFT, at), (RIGHT, at), colour)?;
        canvas.text(says, (RIGHT - 6, at - 18), 1.0, LABEL, colour)?;
    }
    if let Some(median) = median {
        let at = y.at(height(median));
        canvas.line((LEFT, at), (RIGHT, at), BLUE, 2)?;
    }
    let place = |point: &Point| (x.at(days(point.at)), y.at(height(point.took)));
    let whole: Vec<Place> = points.iter().filter(|point| point.outcome.is_whole()).map(place).collect();
    for pair in whole.windows(2) {
        canvas.line(pair[0], pair[1], (95, 100, 108), 2)?;
    }
    for point in points {
        mark(canvas, place(point), point.outcome)?;
    }
    key(canvas, points, median.is_some())
}

/// The marks in use, and what they mean.
fn key(canvas: &mut Canvas<'_>, points: &[Point], median: bool) -> Result<(), Undrawn> {
    let all = [
        (Outcome::Succeeded, "succeeded"),
        (Outcome::Failed, "failed"),
        (Outcome::TimedOut, "timed out"),
        (Outcome::Untrue, "untrue"),
        (Outcome::Unproven, "not verified"),
        (Outcome::Cancelled, "cancelled"),
    ];
    let mut left = 30;
    for (outcome, says) in all.into_iter().filter(|(one, _)| points.iter().any(|point| point.outcome == *one)) {
        mark(canvas, (left + 10, LEGEND), outcome)?;
        canvas.text(says, (left + 28, LEGEND), 0.0, LABEL, INK)?;
        left += 52 + canvas.width(says, LABEL);
    }
    if median {
        canvas.line((left, LEGEND), (left + 26, LEGEND), BLUE, 3)?;
        canvas.text("median", (left + 34, LEGEND), 0.0, LABEL, INK)?;
    }
    Ok(())
}

/// Told apart by shape as well as by colour.
fn mark(canvas: &mut Canvas<'_>, at: Place, outcome: Outcome) -> Result<(), Undrawn> {
    let (x, y) = at;
    match outcome {
        Outcome::Succeeded => canvas.disc(at, 7, GREEN),
        Outcome::Unproven => canvas.ring(at, 8, GREY),
        Outcome::Failed => canvas.cross(at, 9, RED, 4),
        Outcome::TimedOut => canvas.shape(&[(x, y - 11), (x + 11, y + 8), (x - 11, y + 8)], RED),
        Outcome::Untrue => canvas.shape(&[(x, y - 11), (x + 11, y), (x, y + 11), (x - 11, y)], RED),
        Outcome::Cancelled => canvas.cross(at, 6, GREY, 2),
    }
}

fn spread(
    canvas: &mut Canvas<'_>,
    samples: &[SignedDuration],
    median: SignedDuration,
    p90: SignedDuration,
) -> Result<(), Undrawn> {
    let longest = samples.iter().copied().map(seconds).fold(0.1, f64::max);
    let mut counts = vec![0_u32; bars(samples, longest)];
    let width = longest / counts.len() as f64;
    for sample in samples {
        let bar = ((seconds(*sample) / width) as usize).min(counts.len() - 1);
        counts[bar] += 1;
    }
    let most = f64::from(counts.iter().copied().max().unwrap_or(1));
    let (x, y) = (Axis::x(0.0, longest * 1.02), Axis::y(0.0, most * 1.3));
    let labels = |axis: &Axis, whole: bool| -> Vec<(i32, String)> {
        let steps = round_steps(axis.until).into_iter().filter(|at| !whole || at.fract() == 0.0);
        steps.map(|at| (axis.at(at), number(at))).collect()
    };
    axes(canvas, (&labels(&x, false), "seconds"), (&labels(&y, true), "tenants"))?;
    for (bar, count) in counts.into_iter().enumerate().filter(|(_, count)| *count > 0) {
        let (from, until) = (x.at(bar as f64 * width), x.at((bar + 1) as f64 * width));
        canvas.rectangle((from + 1, y.at(f64::from(count))), ((until - 1).max(from + 1), BOTTOM - 1), GREEN)?;
    }
    let both = [(median, "median", BLUE, TOP + 16), (p90, "nine of ten", ORANGE, TOP + 52)];
    for (took, _, colour, _) in both {
        let at = x.at(seconds(took));
        canvas.dashes((at, TOP), (at, BOTTOM), colour)?;
    }
    // One label stands lower than the other, and each before the lines, so that nothing is covered.
    for (took, says, colour, at) in both {
        let says = format!("{says}: {} s", number((seconds(took) * 10.0).round() / 10.0));
        let (place, width) = (x.at(seconds(took)), canvas.width(&says, LABEL));
        let left = if place + width + 20 > RIGHT { place - 12 - width } else { place + 12 };
        canvas.rectangle((left - 5, at - 15), (left + width + 5, at + 15), GROUND)?;
        canvas.text(&says, (left, at), 0.0, LABEL, colour)?;
    }
    Ok(())
}

/// As many bars as show the shape and not the chance (Freedman and Diaconis).
fn bars(samples: &[SignedDuration], longest: f64) -> usize {
    let of = |share| quantile(samples, share).map(seconds).unwrap_or_default();
    let width = 2.0 * (of(0.75) - of(0.25)) / (samples.len() as f64).cbrt();
    if width > 0.0 { (longest / width).ceil().clamp(8.0, 60.0) as usize } else { 8 }
}

fn number(of: f64) -> String {
    if of.fract().abs() < 0.05 { format!("{of:.0}") } else { format!("{of:.1}") }
}

/// From nought on, four to eight round steps.
fn round_steps(until: f64) -> Vec<f64> {
    let rough = until / 6.0;
    let decade = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|of| of * decade).find(|step| *step >= rough).unwrap_or(rough);
    (0..=(until / step) as u32).map(|n| f64::from(n) * step).collect()
}

/// Midnights, or hours where there are few days, with their labels.
fn dates(x: &Axis) -> Vec<(i32, String)> {
    let steps = [1.0 / 24.0, 3.0 / 24.0, 0.25, 0.5, 1.0, 2.0, 7.0, 14.0, 30.0, 61.0];
    let step = steps.into_iter().find(|step| (x.until - x.from) / step <= 7.0).unwrap_or(122.0);
    let first = (x.from / step).ceil();
    let all = (0..8).map(|n| (first + f64::from(n)) * step).filter(|at| *at <= x.until);
    let label = |day: f64| {
        let at = Timestamp::from_second((day * 86_400.0).round() as i64).unwrap_or_default();
        at.strftime(if step < 1.0 { "%d %b %H:%M" } else { "%d %b" }).to_string()
    };
    all.map(|at| (x.at(at), label(at))).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::canvas::Colour, *};

    fn at(day: i64, took: i64, outcome: Outcome) -> Point {
        let at = Timestamp::from_second(1_790_000_000 + day * 86_400 + day * day * 700 % 40_000).unwrap();
        Point { at, took: SignedDuration::from_secs(took), outcome }
    }

    fn lines() -> Vec<(SignedDuration, String)> {
        vec![
            (SignedDuration::from_mins(10), "10 min: may be slow".into()),
            (SignedDuration::from_mins(5), "5 min: good".into()),
        ]
    }

    fn over_time(points: Vec<Point>, median: Option<SignedDuration>) -> Chart {
        let plot = Plot::Durations { points, median, lines: lines() };
        let title = "Migrations of uat, last 30 days".into();
        Chart { name: "migrations-uat.png".into(), title, description: String::new(), plot }
    }

    fn among_tenants(samples: &[f64]) -> Chart {
        let samples: Vec<SignedDuration> = samples.iter().copied().map(SignedDuration::from_secs_f64).collect();
        let of = |share| signalbox_domain::history::quantile(&samples, share).unwrap();
        let (median, p90) = (of(0.5), of(0.9));
        let title = "Seconds a tenant takes in uat, all its migrations together".into();
        Chart {
            name: "tenants-uat.png".into(),
            title,
            description: String::new(),
            plot: Plot::Spread { samples, median, p90 },
        }
    }

    /// How many pixels of the picture have exactly this colour.
    fn count(file: &[u8], colour: Colour) -> usize {
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), SIZE);
        pixels.chunks_exact(3).filter(|pixel| *pixel == [colour.0, colour.1, colour.2]).count()
    }

    /// Keeps a picture where somebody can look at it.
    #[expect(clippy::disallowed_methods, reason = "the test command says where")]
    fn kept(name: &str, file: &[u8]) {
        if let Ok(folder) = std::env::var("SIGNALBOX_PICTURES") {
            std::fs::write(std::path::Path::new(&folder).join(name), file).unwrap();
        }
    }

    #[test]
    fn each_way_to_end_shows_and_so_do_the_lines() {
        use Outcome::{Cancelled, Failed, Succeeded, TimedOut, Unproven, Untrue};
        let mut points: Vec<Point> = (0..24).map(|day| at(day, 130 + 37 * (day * day % 7), Succeeded)).collect();
        let fine = draw(&over_time(points.clone(), None)).unwrap();
        assert_eq!((count(&fine, RED), count(&fine, BLUE)), (0, 0));
        assert!(count(&fine, GREEN) > 24 * 80 && count(&fine, ORANGE) > 500 && count(&fine, YELLOW) > 500);
        points[5] = at(5, 48, Failed);
        points[11] = at(11, 1_900, TimedOut);
        points[14] = at(14, 300, Untrue);
        points[17] = at(17, 260, Unproven);
        points[20] = at(20, 30, Cancelled);
        let mixed = draw(&over_time(points, Some(SignedDuration::from_secs(240)))).unwrap();
        assert!(count(&mixed, RED) > 200 && count(&mixed, BLUE) > 500);
        assert!(mixed.len() < 100_000, "{} bytes", mixed.len());
        kept("durations.png", &mixed);
    }

    #[test]
    fn tenants_are_spread_over_what_they_took() {
        let samples: Vec<f64> = (0..300_u32)
            .map(|n| 1.2 + f64::from(n * 7_919 % 100) / 40.0 + if n % 41 == 0 { 9.0 } else { 0.0 })
            .collect();
        let file = draw(&among_tenants(&samples)).unwrap();
        assert!(count(&file, GREEN) > 5_000 && count(&file, BLUE) > 300 && count(&file, ORANGE) > 300);
        kept("spread.png", &file);
    }

    #[test]
    fn the_odd_ones_are_drawn_too() {
        let one = [at(0, 0, Outcome::Succeeded), at(0, 0, Outcome::Succeeded)];
        let year = (0..365).map(|day| at(day, 20_000 + day, Outcome::Succeeded)).collect();
        kept("year.png", &draw(&over_time(year, None)).unwrap());
        kept("hour.png", &draw(&over_time(one.to_vec(), None)).unwrap());
        kept("equal.png", &draw(&among_tenants(&[0.0; 6])).unwrap());
        kept("long.png", &draw(&among_tenants(&[1.0, 2.0, 3.0, 4.0, 90_000.0])).unwrap());
    }
}
