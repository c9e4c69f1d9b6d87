//! A workflow with all that it calls, read from GitHub and put together.

use std::collections::{BTreeMap, BTreeSet};

use futures::future;
use signalbox_domain::{
    gate::{Called, Named, Reference, Sees, Workflow},
    ids::{CommitSha, RepositoryName},
    ports::ForgeError,
};

use super::{
    api::Api,
    content::{self, File},
    credentials::Speaker,
    expression::Used,
    workflow_use::{Call, JobUse, WorkflowUse},
};

/// GitHub connects no more levels, the first one included, and no more workflows in all
/// (<https://docs.github.com/en/actions/reference/workflows-and-actions/reusing-workflow-configurations>).
const MOST_LEVELS: usize = 10;
const MOST_CALLED: usize = 50;

/// Where a file is: its repository, path and ref.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    repository: RepositoryName,
    path: String,
    at: String,
}

/// What stands after `uses` of a job, seen from a file that calls it.
fn called_from(place: &Place, uses: &str) -> Option<Place> {
    if let Some(path) = uses.strip_prefix("./") {
        return Some(Place { path: path.to_owned(), ..place.clone() });
    }
    let (path, at) = uses.rsplit_once('@')?;
    let mut parts = path.splitn(3, '/');
    let (owner, name, path) = (parts.next()?, parts.next()?, parts.next()?);
    let repository = RepositoryName::parse(&format!("{owner}/{name}")).ok()?;
    Some(Place { repository, path: path.to_owned(), at: at.to_owned() })
}

/// A called file, or why it is not known.
type Read = Result<(String, WorkflowUse), ForgeError>;

/// Everything that was read, and what it was read for.
struct Tree {
    root: Place,
    files: BTreeMap<Place, Read>,
}

impl Tree {
    /// A place as people write it: without what goes without saying.
    fn name(&self, place: &Place) -> String {
        if (&place.repository, &place.at) == (&self.root.repository, &self.root.at) {
            return place.path.clone();
        }
        format!("{}/{}@{}", place.repository, place.path, place.at)
    }

    fn is_foreign(&self, place: &Place) -> bool {
        place.repository != self.root.repository
    }
}

/// Reads a workflow at a commit and whatever it calls.
pub(super) async fn read(
    api: &Api,
    repository: &RepositoryName,
    workflow: &str,
    commit: &CommitSha,
) -> Result<Workflow, ForgeError> {
    let path = format!(".github/workflows/{workflow}");
    let root = Place { repository: repository.clone(), path, at: commit.to_string() };
    let mut tree = Tree { root: root.clone(), files: BTreeMap::new() };
    let mut level = BTreeSet::from([root.clone()]);
    for depth in 1.. {
        if depth > MOST_LEVELS || tree.files.len() + level.len() > MOST_CALLED + 1 {
            let why =
                format!("it calls more than {MOST_LEVELS} levels or {MOST_CALLED} workflows, as GitHub would not");
            return Err(ForgeError::Unavailable(why));
        }
        let found = future::join_all(level.into_iter().map(|place| fetch(api, repository, place))).await;
        tree.files.extend(found);
        level = tree.files.iter().flat_map(|(place, read)| calls(place, read)).collect();
        level.retain(|place| !tree.files.contains_key(place));
        if level.is_empty() {
            break;
        }
    }
    assemble(&tree)
}

async fn fetch(api: &Api, ours: &RepositoryName, place: Place) -> (Place, Read) {
    let read = |speaker| content::file(api, speaker, &place.repository, &place.path, &place.at);
    let mut found = read(Speaker::Work(&place.repository)).await;
    // An App that is not installed there still sees what is public.
    if matches!(found, Err(ForgeError::Forbidden(_))) && place.repository != *ours {
        found = content::file(api, Speaker::Work(ours), &place.repository, &place.path, &place.at).await;
    }
    let read = found.and_then(|File { sha, text }| {
        let file = WorkflowUse::parse(&text);
        let file = file.map_err(|why| ForgeError::Unavailable(format!("{} is no workflow: {why}", place.path)))?;
        Ok((sha, file))
    });
    (place, read)
}

fn calls(place: &Place, read: &Read) -> Vec<Place> {
    let jobs = read.iter().flat_map(|(_, file)| &file.jobs);
    jobs.filter_map(|job| called_from(place, &job.call.as_ref()?.uses)).collect()
}

fn assemble(tree: &Tree) -> Result<Workflow, ForgeError> {
    let mut called = BTreeMap::new();
    let mut hash = String::new();
    for (place, read) in &tree.files {
        match read {
            Ok((sha, _)) if *place == tree.root => hash.clone_from(sha),
            Ok((sha, _)) => drop(called.insert(tree.name(place), Called::Content(sha.clone()))),
            // What does not answer now may answer later; what is not there or not shown will not.
            Err(ForgeError::NotFound(_) | ForgeError::Forbidden(_)) if tree.is_foreign(place) => {
                called.insert(tree.name(place), Called::Ref(place.at.clone()));
            }
            Err(error) => return Err(error.clone()),
        }
    }
    let mut workflow = Workflow { hash, called, references: BTreeSet::new(), unclear: BTreeSet::new() };
    Names { tree, workflow: &mut workflow, seen: BTreeSet::new() }.file(&tree.root, None);
    Ok(workflow)
}

/// Puts together what files name, following their calls.
struct Names<'a> {
    tree: &'a Tree,
    workflow: &'a mut Workflow,
    /// What was looked through, with the secrets that it was handed. Files may call each other in a circle, which
    /// GitHub refuses to run.
    seen: BTreeSet<(Place, Option<BTreeSet<String>>)>,
}

impl Names<'_> {
    /// `passed`: the secrets that the caller hands on; `None` for all of them.
    fn file(&mut self, place: &Place, passed: Option<&BTreeSet<String>>) {
        let Some(Ok((_, file))) = self.tree.files.get(place) else { return };
        if !self.seen.insert((place.clone(), passed.cloned())) {
            return;
        }
        let hidden = |name: &str| passed.is_some_and(|passed| passed.contains(name) || file.optional.contains(name));
        self.add(place, &file.outside, &Sees::Computed, &hidden);
        for JobUse { sees, used, call } in &file.jobs {
            self.add(place, used, sees, &hidden);
            let Some(Call { uses, passes }) = call else { continue };
            let to = called_from(place, uses);
            match to.as_ref().and_then(|to| Some((to, self.tree.files.get(to)?))) {
                Some((to, Ok(_))) => {
                    // What was not handed to us cannot be handed on.
                    let passes = passes.as_ref().or(passed);
                    self.file(to, passes);
                }
                Some((_, Err(_))) if passes.is_some() => {}
                Some((to, Err(_))) => {
                    let says = format!("{} cannot be read and is handed every secret", self.tree.name(to));
                    self.workflow.unclear.insert(says);
                }
                None => drop(self.workflow.unclear.insert(format!("{uses:?} calls nothing that can be read"))),
            }
        }
    }

    fn add(&mut self, place: &Place, used: &Used, sees: &Sees, hidden: &dyn Fn(&str) -> bool) {
        let named = |kind, name: &String| Reference { kind, name: name.clone(), sees: sees.clone() };
        let secrets = used.secrets.iter().filter(|name| *name != "GITHUB_TOKEN" && !hidden(name));
        self.workflow.references.extend(secrets.map(|name| named(Named::Secret, name)));
        self.workflow.references.extend(used.variables.iter().map(|name| named(Named::Variable, name)));
        for (other, what) in [(used.other_secrets, "secrets"), (used.other_variables, "variables")] {
            if other {
                let says = format!("{} uses {what} by names that are computed", self.tree.name(place));
                self.workflow.unclear.insert(says);
            }
        }
    }
}
