//! What the audit trail says of one deployment, as a file that proves it.

use signalbox_domain::{
    Timestamp,
    audit::{Checked, File, FileError, Head, Row},
    ids::DeploymentId,
    ports::{Rows, StoreError, Trail},
};

/// How many rows are read at a time.
const PAGE: u32 = 1_000;
/// How often it is tried again when the deployment changed while it was read.
const LOOKS: u32 = 5;

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// There is no such deployment.
    #[error("there is no deployment {0}")]
    Nothing(DeploymentId),
    /// The trail could not be read.
    #[error("the audit trail could not be read")]
    Store(#[from] StoreError),
    /// What was read proves nothing.
    #[error("the audit trail is damaged")]
    Damaged(#[from] FileError),
}

/// Proves what the trail says of a deployment: all its rows, those between sealed, up to the first head that was
/// posted outside since, or else to the last row; and its record.
///
/// # Errors
/// [`ProofError`], also when the trail or the record does not hold.
pub async fn proof(trail: &dyn Trail, id: DeploymentId, now: Timestamp) -> Result<(File, Checked), ProofError> {
    let mut looks = 0;
    loop {
        let file = collect(trail, id, now).await?;
        looks += 1;
        match file.check(&[]) {
            // A change between two reads looks the same as a changed record, and is another one at the next look.
            Err(FileError::Record { .. }) if looks < LOOKS => {}
            checked => return Ok((file, checked?)),
        }
    }
}

async fn collect(trail: &dyn Trail, id: DeploymentId, now: Timestamp) -> Result<File, ProofError> {
    let about = format!("deployment {id}");
    let record = trail.record(id).await?.ok_or(ProofError::Nothing(id))?;
    let own = trail.rows(Rows::About(about.clone())).await?;
    let (Some(first), Some(last)) = (own.first(), own.last()) else {
        return Ok(File::proof(about, record, trail.head().await?, Vec::new(), now));
    };
    let before = Head { seq: first.seq - 1, hash: first.previous };
    let end = posted(trail, last.seq).await?.map_or(trail.head().await?.seq, |head| head.seq);
    let mut rows: Vec<Row> = Vec::new();
    loop {
        let after = rows.last().map_or(before.seq, |row| row.seq);
        let page = trail.rows(Rows::After(after, PAGE)).await?;
        let more = page.len() == PAGE as usize;
        rows.extend(page.into_iter().filter(|row| row.seq <= end));
        if !more || rows.last().is_none_or(|row| row.seq >= end) {
            return Ok(File::proof(about, record, before, rows, now));
        }
    }
}

/// The first head that was posted outside and covers a row. The row that tells of a post comes after what was posted.
async fn posted(trail: &dyn Trail, seq: i64) -> Result<Option<Head>, StoreError> {
    let mut after = seq;
    while let Some(row) = trail.rows(Rows::Anchored(after)).await?.pop() {
        let head = row.entry().and_then(|entry| entry.detail.parse::<Head>().ok());
        if let Some(head) = head.filter(|head| (seq..row.seq).contains(&head.seq)) {
            return Ok(Some(head));
        }
        after = row.seq;
    }
    Ok(None)
}
