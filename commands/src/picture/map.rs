//! Draws a fleet's map: one square a tenant, in rows from the top left.

use signalbox_domain::fleet::{Heat, Map};

/// Background, then the colours of [`Heat`] in its order; the emoji of the legend have them too.
const PALETTE: [[u8; 3]; 5] = [[43, 45, 49], [120, 177, 89], [253, 203, 88], [244, 144, 12], [221, 46, 68]];
/// Width to aim at, in pixels; the chat shows pictures up to about this wide without scaling.
const WIDTH: usize = 540;
/// Side of a square with its margin, in pixels.
const SMALLEST: usize = 4;
const LARGEST: usize = 24;

/// A map as PNG, with a palette.
///
/// # Errors
/// When it cannot be encoded, such as for want of any square.
pub(crate) fn draw(map: &Map) -> Result<Vec<u8>, png::EncodingError> {
    let Layout { columns, rows, side } = layout(map.squares.len());
    let (width, height) = (columns * side, rows * side);
    let mut pixels = vec![0_u8; width * height];
    for (n, heat) in map.squares.iter().enumerate() {
        let (left, top) = (n % columns * side, n / columns * side);
        for line in pixels.chunks_mut(width).skip(top).take(side - 1) {
            line[left..left + side - 1].fill(colour(*heat));
        }
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, pixel_count(width), pixel_count(height));
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette(PALETTE.as_flattened());
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(file)
}

struct Layout {
    columns: usize,
    rows: usize,
    side: usize,
}

/// About twice as wide as high.
fn layout(squares: usize) -> Layout {
    let columns = (2 * squares).isqrt().max(1);
    Layout { columns, rows: squares.div_ceil(columns), side: (WIDTH / columns).clamp(SMALLEST, LARGEST) }
}

/// Index into the palette.
fn colour(heat: Heat) -> u8 {
    match heat {
        Heat::Sound => 1,
        Heat::Mild => 2,
        Heat::Warm => 3,
        Heat::Hot => 4,
    }
}

/// More than four thousand million pixels are refused by the encoder, as none are.
fn pixel_count(pixels: usize) -> u32 {
    u32::try_from(pixels).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The colours of the squares, read back from the file, and its size.
    fn read(file: &[u8], squares: usize) -> (Vec<[u8; 3]>, (usize, usize)) {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let (width, height) = (info.width as usize, info.height as usize);
        let Layout { columns, side, .. } = layout(squares);
        let at = |n: usize| 3 * ((n / columns * side) * width + n % columns * side);
        ((0..squares).map(|n| pixels[at(n)..][..3].try_into().unwrap()).collect(), (width, height))
    }

    fn map(squares: Vec<Heat>) -> Map {
        Map { name: "drift-uat.png".into(), description: String::new(), squares }
    }

    #[test]
    fn every_tenant_has_its_square_in_its_colour() {
        let heats = [Heat::Sound, Heat::Mild, Heat::Warm, Heat::Hot];
        for count in [1, 2, 31, 1_000] {
            let squares: Vec<Heat> = (0..count).map(|n| heats[n * 7 % 4]).collect();
            let (colours, _) = read(&draw(&map(squares.clone())).unwrap(), count);
            let expected: Vec<_> = squares.iter().map(|heat| PALETTE[colour(*heat) as usize]).collect();
            assert_eq!(colours, expected, "{count} tenants");
        }
    }

    #[test]
    fn ten_thousand_tenants_are_a_small_file_that_fits_a_message() {
        let mut squares = vec![Heat::Sound; 10_000];
        squares[4_321] = Heat::Hot;
        let file = draw(&map(squares)).unwrap();
        let (colours, (width, height)) = read(&file, 10_000);
        assert_eq!(colours.iter().filter(|colour| **colour == PALETTE[4]).count(), 1);
        assert!(width <= 800 && height <= 600, "{width} x {height}");
        assert!(file.len() < 20_000, "{} bytes", file.len());
    }

    #[test]
    fn no_tenants_are_no_picture() {
        assert!(draw(&map(vec![])).is_err());
    }
}
