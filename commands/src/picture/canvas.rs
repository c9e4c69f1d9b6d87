//! What a chart is drawn with: lines, shapes and text in pixels from the top left.

use ab_glyph::{Font, FontRef, PxScaleFont, ScaleFont, point};
use plotters_backend::{BackendColor, BackendStyle, DrawingBackend};
use plotters_bitmap::BitMapBackend;

/// Red, green and blue.
pub(super) type Colour = (u8, u8, u8);

// The ground is part of a picture, so that it reads alike on a dark and a light chat.
pub(super) const GROUND: Colour = (43, 45, 49);
pub(super) const INK: Colour = (219, 222, 225);
pub(super) const FAINT: Colour = (70, 73, 80);
pub(super) const GREY: Colour = (148, 155, 164);
pub(super) const GREEN: Colour = (120, 177, 89);
pub(super) const YELLOW: Colour = (253, 203, 88);
pub(super) const ORANGE: Colour = (244, 144, 12);
pub(super) const RED: Colour = (240, 71, 71);
pub(super) const BLUE: Colour = (114, 173, 255);
/// From the left and from the top, in pixels.
pub(super) type Place = (i32, i32);

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum Undrawn {
    /// The font that is built in is not one.
    #[error("the font cannot be read")]
    Font(#[from] ab_glyph::InvalidFont),
    /// The drawing failed.
    #[error("the picture cannot be drawn: {0}")]
    Drawing(String),
    /// The file could not be written.
    #[error("the picture cannot be encoded")]
    Png(#[from] png::EncodingError),
}

/// A colour and how wide a line of it is.
struct Pen(Colour, u32);

impl BackendStyle for Pen {
    fn color(&self) -> BackendColor {
        BackendColor { alpha: 1.0, rgb: self.0 }
    }

    fn stroke_width(&self) -> u32 {
        self.1
    }
}

/// A picture in the making.
pub(super) struct Canvas<'a> {
    pixels: BitMapBackend<'a>,
    font: FontRef<'static>,
}

/// Draws a picture of this size on this ground, as PNG.
///
/// # Errors
/// [`Undrawn`]; an answer is worth giving without its picture.
pub(super) fn picture(
    size: (u32, u32),
    ground: Colour,
    draw: impl FnOnce(&mut Canvas<'_>) -> Result<(), Undrawn>,
) -> Result<Vec<u8>, Undrawn> {
    let (width, height) = size;
    let mut bytes = [ground.0, ground.1, ground.2].repeat((width * height) as usize);
    let font = FontRef::try_from_slice(include_bytes!("../../assets/Inter-subset.ttf"))?;
    draw(&mut Canvas { pixels: BitMapBackend::with_buffer(&mut bytes, size), font })?;
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&bytes)?;
    writer.finish()?;
    Ok(file)
}

impl Canvas<'_> {
    pub(super) fn line(&mut self, from: Place, to: Place, colour: Colour, width: u32) -> Result<(), Undrawn> {
        done(self.pixels.draw_path([from, to], &Pen(colour, width)))
    }

    /// A line from left to right, or from top to bottom.
    pub(super) fn dashes(&mut self, from: Place, to: Place, colour: Colour) -> Result<(), Undrawn> {
        let length = (to.0 - from.0).max(to.1 - from.1);
        let at = |along: i32| {
            let along = along.min(length);
            if to.0 > from.0 { (from.0 + along, from.1) } else { (from.0, from.1 + along) }
        };
        for along in (0..length).step_by(22) {
            self.line(at(along), at(along + 14), colour, 3)?;
        }
        Ok(())
    }

    pub(super) fn rectangle(&mut self, from: Place, to: Place, colour: Colour) -> Result<(), Undrawn> {
        done(self.pixels.draw_rect(from, to, &Pen(colour, 1), true))
    }

    pub(super) fn disc(&mut self, at: Place, radius: u32, colour: Colour) -> Result<(), Undrawn> {
        done(self.pixels.draw_circle(at, radius, &Pen(colour, 1), true))
    }

    pub(super) fn ring(&mut self, at: Place, radius: u32, colour: Colour) -> Result<(), Undrawn> {
        done(self.pixels.draw_circle(at, radius, &Pen(colour, 3), false))
    }

    pub(super) fn cross(&mut self, at: Place, radius: i32, colour: Colour, width: u32) -> Result<(), Undrawn> {
        let (x, y) = at;
        self.line((x - radius, y - radius), (x + radius, y + radius), colour, width)?;
        self.line((x - radius, y + radius), (x + radius, y - radius), colour, width)
    }

    /// A filled shape with these corners.
    pub(super) fn shape(&mut self, corners: &[Place], colour: Colour) -> Result<(), Undrawn> {
        done(self.pixels.fill_polygon(corners.iter().copied(), &Pen(colour, 1)))
    }

    /// Text with its middle line at `at`; a share of its width stands left of it: 0, 0.5 or 1.
    pub(super) fn text(&mut self, says: &str, at: Place, left: f32, size: f32, colour: Colour) -> Result<(), Undrawn> {
        let font = self.font.clone();
        let font = font.as_scaled(size);
        let mut x = at.0 as f32 - left * width(font, says);
        let base = at.1 as f32 + 0.36 * size;
        for character in says.chars() {
            let mut glyph = font.scaled_glyph(character);
            glyph.position = point(x, base);
            x += font.h_advance(glyph.id);
            let Some(outline) = font.outline_glyph(glyph) else { continue };
            let corner = outline.px_bounds().min;
            let mut drawn = Ok(());
            outline.draw(|column, row, cover| {
                let place = (corner.x as i32 + column as i32, corner.y as i32 + row as i32);
                let ink = BackendColor { alpha: f64::from(cover).min(1.0), rgb: colour };
                if cover > 0.0 && drawn.is_ok() {
                    drawn = done(self.pixels.draw_pixel(place, ink));
                }
            });
            drawn?;
        }
        Ok(())
    }

    /// How many pixels a text takes.
    pub(super) fn width(&self, says: &str, size: f32) -> i32 {
        width(self.font.as_scaled(size), says).ceil() as i32
    }
}

fn width(font: PxScaleFont<&FontRef<'static>>, says: &str) -> f32 {
    says.chars().map(|character| font.h_advance(font.glyph_id(character))).sum()
}

fn done<E: std::error::Error + Send + Sync>(
    drawn: Result<(), plotters_backend::DrawingErrorKind<E>>,
) -> Result<(), Undrawn> {
    drawn.map_err(|error| Undrawn::Drawing(error.to_string()))
}
