//! A local stand-in for the GitHub REST API and its webhooks: state behind HTTP.
//!
//! Every request reads or changes one [`State`]; what is broken is a field of it
//! ([`Faults`]); workflow runs play a [`Script`] or are moved job by job through a
//! [`RunHandle`]. Paths are those of api.github.com, with or without `/api/v3`.
//!
//! | module | what |
//! |---|---|
//! | `state`, `repository`, `workflow`, `run`, `hook`, `identity` | what there is |
//! | `progress`, `gates` | how runs move, and the webhooks that tells about |
//! | `script`, `player`, `hooks` | what runs do by themselves, and to the world |
//! | `oidc` | the tokens of running jobs |
//! | `faults` | what is broken |
//! | `rest`, `wire`, `webhooks` | HTTP in, JSON out, webhooks out |
//! | `handle`, `manual`, `view`, `control` | how tests and the page steer it |

mod control;
mod faults;
mod gates;
mod handle;
mod hook;
pub mod hooks;
mod identity;
mod manual;
mod oidc;
mod player;
mod progress;
mod repository;
mod rest;
mod run;
mod script;
pub mod seed;
mod state;
mod view;
mod webhooks;
mod wire;
mod workflow;

pub use control::router as control_router;
pub use faults::{Break, DispatchFault, Faults, RequestFault, Times, WebhookBreak, WebhookFault};
pub use handle::{Github, Setup, TimedOut};
pub use hook::{Delivery, Hook};
pub use hooks::{Migration, Release, StepFailed, Tenants, World};
pub use identity::{App, Identity, Installation, Level, Permissions, Token};
pub use manual::{NoSuch, RunHandle};
pub use oidc::{IdTokenRequest, signed as signed_id_token};
pub use progress::NewRun;
pub use repository::{
    CheckRun, Commit, CommitStatus, Comparison, Deployment, DeploymentStatus, Environment, Protection, Pull,
    Repository, Resolved, Review,
};
pub use run::{Approval, Attempt, Job, Key, LogLine, Run, Step};
pub use script::{Action, HELD, JobScript, Script, StepScript, library};
pub use seed::{SHOP, TOKEN};
pub use state::{Budget, Dispatch, State};
pub use view::{JobView, RepositoryView, RunView, StepView, View, WorkflowView};
pub use webhooks::signature;
pub use workflow::{Concurrency, Input, Workflow};
