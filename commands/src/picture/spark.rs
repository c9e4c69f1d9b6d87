//! Draws how long answers took lately: a line for each environment, with a mark where there was none.

use signalbox_domain::health::{Look, Report, State};

use super::canvas::{Canvas, Colour, FAINT, GREEN, GROUND, INK, RED, Undrawn, YELLOW, picture};

/// In pixels; the chat shows pictures up to about this wide without scaling.
const WIDTH: u32 = 540;
/// Of one environment.
const ROW: i32 = 84;
/// How many environments a picture has room for.
const ROWS: usize = 8;
const LEFT: i32 = 16;
const RIGHT: i32 = 524;
const LABEL: f32 = 18.0;

/// The picture as PNG, and what it shows for those who cannot see it. `None`: too little was seen yet.
pub(crate) fn draw(reports: &[Report]) -> Option<Result<(Vec<u8>, String), Undrawn>> {
    let shown: Vec<&Report> = reports.iter().filter(|one| one.watch.looks.len() > 1).take(ROWS).collect();
    if shown.is_empty() {
        return None;
    }
    let height = ROW * i32::try_from(shown.len()).unwrap_or_default() + 8;
    let drawn = picture((WIDTH, height.unsigned_abs()), GROUND, |canvas| {
        shown.iter().zip((0..).step_by(ROW.unsigned_abs() as usize)).try_for_each(|(one, top)| row(canvas, one, top))
    });
    let says: Vec<String> = shown.iter().map(|one| told(one)).collect();
    Some(drawn.map(|file| (file, says.join("; "))))
}

fn told(report: &Report) -> String {
    let took: Vec<u32> = report.watch.looks.iter().filter_map(|look| look.latency).collect();
    let missing = report.watch.looks.iter().filter(|look| look.state > State::Degraded).count();
    let (least, most) =
        (took.iter().min().copied().unwrap_or_default(), took.iter().max().copied().unwrap_or_default());
    format!(
        "{}: answers took {least} to {most} ms, {missing} looks of {} were bad",
        report.environment,
        report.watch.looks.len()
    )
}

fn row(canvas: &mut Canvas<'_>, report: &Report, top: i32) -> Result<(), Undrawn> {
    let looks = &report.watch.looks;
    let most = looks.iter().filter_map(|look| look.latency).max().unwrap_or(1).max(1);
    let (upper, base) = (top + 32, top + ROW - 8);
    canvas.text(report.environment.as_str(), (LEFT, top + 16), 0.0, LABEL, INK)?;
    canvas.text(&format!("up to {most} ms"), (RIGHT, top + 16), 1.0, LABEL, INK)?;
    canvas.line((LEFT, base), (RIGHT, base), FAINT, 1)?;
    let last = i32::try_from(looks.len() - 1).unwrap_or(1);
    let x = |n: i32| LEFT + (RIGHT - LEFT) * n / last.max(1);
    let y = |took: u32| base - (f64::from(base - upper) * f64::from(took) / f64::from(most)).round() as i32;
    let mut before: Option<(i32, i32)> = None;
    for (n, look) in (0..).zip(looks) {
        let at = look.latency.map(|took| (x(n), y(took)));
        if let (Some(before), Some(at)) = (before, at) {
            canvas.line(before, at, colour(look), 2)?;
        }
        if look.state > State::Degraded {
            canvas.rectangle((x(n) - 1, upper), (x(n) + 1, base), RED)?;
        }
        before = at;
    }
    Ok(())
}

fn colour(look: &Look) -> Colour {
    match look.state {
        State::Up => GREEN,
        State::Degraded => YELLOW,
        State::CannotTell | State::WrongHost | State::Down => RED,
    }
}

#[cfg(test)]
mod tests {
    use signalbox_domain::{
        Timestamp,
        health::{Damping, Seen, Watch},
        ids::EnvironmentName,
    };

    use super::*;

    fn report(looks: usize, bad: impl Fn(usize) -> bool) -> Report {
        let mut watch = Watch::default();
        for n in 0..looks {
            let at = Timestamp::from_second(1_790_000_000 + 60 * n as i64).unwrap();
            let (state, latency) =
                if bad(n) { (State::Down, None) } else { (State::Up, Some(20 + (n * 37 % 50) as u32)) };
            let seen = Seen { check: "health".into(), state, says: String::new(), latency };
            watch.look(at, vec![seen], false, Damping::default());
        }
        Report { environment: EnvironmentName::parse("uat").unwrap(), watch, fresh: None, smoke: None }
    }

    fn count(file: &[u8], colour: Colour) -> usize {
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        pixels.chunks_exact(3).filter(|pixel| *pixel == [colour.0, colour.1, colour.2]).count()
    }

    #[test]
    fn answers_are_a_line_and_outages_are_marks() {
        let (good, says) = draw(&[report(120, |_| false)]).unwrap().unwrap();
        assert_eq!((count(&good, RED), says.as_str()), (0, "uat: answers took 20 to 69 ms, 0 looks of 120 were bad"));
        assert!(count(&good, GREEN) > 500 && good.len() < 20_000, "{} bytes", good.len());
        let (bad, says) = draw(&[report(120, |n| (40..50).contains(&n))]).unwrap().unwrap();
        assert!(count(&bad, RED) > 10 * 40 && says.ends_with("10 looks of 120 were bad"), "{says}");
        let many: Vec<Report> = (0..20).map(|_| report(3, |_| true)).collect();
        assert!(draw(&many).unwrap().is_ok());
        assert!(draw(&[report(1, |_| false)]).is_none(), "one look is no line");
    }
}
