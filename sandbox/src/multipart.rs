//! Reads `multipart/form-data` bodies, as far as API clients send them.

use bytes::Bytes;
use http::{HeaderMap, header};

/// One part of a multipart body.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// Form field name.
    pub(crate) name: String,
    /// File name, for an upload.
    pub(crate) file_name: Option<String>,
    /// Content type, when the part states one.
    pub(crate) content_type: Option<String>,
    /// The part's bytes.
    pub(crate) content: Bytes,
}

/// The boundary of a multipart request; `None` for any other content type.
pub(crate) fn boundary(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    if !value.to_ascii_lowercase().starts_with("multipart/form-data") {
        return None;
    }
    parameter(value, "boundary")
}

/// Splits `body` into parts; `None` when it is not well formed.
pub(crate) fn parse(body: &Bytes, boundary: &str) -> Option<Vec<Part>> {
    let delimiter = format!("\r\n--{boundary}");
    let mut at = format!("--{boundary}").len();
    if !body.starts_with(&delimiter.as_bytes()[2..]) {
        return None;
    }
    let mut parts = Vec::new();
    loop {
        let rest = body.get(at..)?;
        if rest.starts_with(b"--") {
            return Some(parts);
        }
        let head_start = at + 2;
        let head_length = find(body.get(head_start..)?, b"\r\n\r\n")?;
        let start = head_start + head_length + 4;
        let length = find(body.get(start..)?, delimiter.as_bytes())?;
        let head = std::str::from_utf8(&body[head_start..head_start + head_length]).ok()?;
        parts.push(part(head, body.slice(start..start + length))?);
        at = start + length + delimiter.len();
    }
}

fn part(head: &str, content: Bytes) -> Option<Part> {
    let mut name = None;
    let mut file_name = None;
    let mut content_type = None;
    for line in head.split("\r\n") {
        let (key, value) = line.split_once(':')?;
        if key.eq_ignore_ascii_case("content-disposition") {
            name = parameter(value, "name");
            file_name = parameter(value, "filename");
        } else if key.eq_ignore_ascii_case("content-type") {
            content_type = Some(value.trim().to_owned());
        }
    }
    Some(Part { name: name?, file_name, content_type, content })
}

fn parameter(value: &str, wanted: &str) -> Option<String> {
    value.split(';').skip(1).find_map(|pair| {
        let (key, text) = pair.split_once('=')?;
        key.trim().eq_ignore_ascii_case(wanted).then(|| text.trim().trim_matches('"').to_owned())
    })
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_json_and_file_parts() {
        let body = Bytes::from_static(
            b"--X\r\nContent-Disposition: form-data; name=\"payload_json\"\r\n\r\n{}\r\n\
              --X\r\nContent-Disposition: form-data; name=\"files[0]\"; filename=\"a.png\"\r\n\
              Content-Type: image/png\r\n\r\n\x89PNG\r\n\r\n--X--\r\n",
        );
        let parts = parse(&body, "X").unwrap();
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0].content.as_ref(), b"{}");
        assert_eq!(parts[1].file_name.as_deref(), Some("a.png"));
        assert_eq!(parts[1].content.as_ref(), b"\x89PNG\r\n");
    }

    #[test]
    fn refuses_a_body_that_is_cut_off() {
        let body = Bytes::from_static(b"--X\r\nContent-Disposition: form-data; name=\"payload_json\"\r\n\r\n{");
        assert!(parse(&body, "X").is_none());
    }
}
