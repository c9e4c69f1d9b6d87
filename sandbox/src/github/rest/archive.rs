//! A zip archive of text files, stored without compression.

/// Signatures of the three kinds of records.
const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
/// 1 January 1980, the earliest date the format knows.
const EPOCH: u16 = 0x0021;
/// Names are UTF-8.
const UTF8: u16 = 0x0800;

/// Packs `files`, name and text, into an archive.
pub(super) fn zip(files: &[(String, String)]) -> Vec<u8> {
    let mut archive = Vec::new();
    let mut directory = Vec::new();
    for (name, text) in files {
        let offset = length(archive.len());
        let header = header(name, text);
        put32(&mut archive, LOCAL);
        archive.extend(&header);
        archive.extend(name.as_bytes());
        archive.extend(text.as_bytes());
        put32(&mut directory, CENTRAL);
        put16(&mut directory, 20);
        directory.extend(&header);
        // Comment, disk, attributes: none.
        directory.extend([0; 10]);
        put32(&mut directory, offset);
        directory.extend(name.as_bytes());
    }
    let start = length(archive.len());
    let count = u16::try_from(files.len()).unwrap_or(u16::MAX);
    archive.extend(&directory);
    put32(&mut archive, END);
    put32(&mut archive, 0);
    put16(&mut archive, count);
    put16(&mut archive, count);
    put32(&mut archive, length(directory.len()));
    put32(&mut archive, start);
    put16(&mut archive, 0);
    archive
}

/// What a local record and one of the directory have in common.
fn header(name: &str, text: &str) -> Vec<u8> {
    let mut header = Vec::with_capacity(26);
    for value in [20, UTF8, 0, 0, EPOCH] {
        put16(&mut header, value);
    }
    put32(&mut header, crc32(text.as_bytes()));
    put32(&mut header, length(text.len()));
    put32(&mut header, length(text.len()));
    put16(&mut header, u16::try_from(name.len()).unwrap_or(u16::MAX));
    put16(&mut header, 0);
    header
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

fn put16(target: &mut Vec<u8>, value: u16) {
    target.extend(value.to_le_bytes());
}

fn put32(target: &mut Vec<u8>, value: u32) {
    target.extend(value.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_usual_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn an_archive_ends_with_its_directory() {
        let archive = zip(&[("a.txt".to_owned(), "hello".to_owned())]);
        assert_eq!(&archive[..4], b"PK\x03\x04");
        assert_eq!(&archive[archive.len() - 22..][..4], b"PK\x05\x06");
        assert_eq!(archive.len(), 30 + 5 + 5 + 46 + 5 + 22);
    }
}
