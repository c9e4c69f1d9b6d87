//! The request that lets a deployment go, and what has to be recorded before there is one.

use super::{Deployment, State};
use crate::{
    environment::Environment,
    gate::Clearance,
    git_ref::GitRef,
    ids::RepositoryName,
    promotion::{MergeOrder, Start},
};

impl Deployment {
    /// Whether it left with a clearance for its commit and is under way.
    #[must_use]
    pub fn is_cleared(&self) -> bool {
        let under_way = matches!(
            self.state,
            State::Dispatching { sent: Some(_), .. }
                | State::Unknown { .. }
                | State::Merged { .. }
                | State::Queued
                | State::Running
        );
        under_way && self.has_clearance()
    }

    /// Whether there is the record of a clearance for its commit, and nobody wants it stopped.
    #[must_use]
    pub fn has_clearance(&self) -> bool {
        self.cancel.is_none() && self.cleared.as_ref().is_some_and(|cleared| cleared.is_of(&self.commit))
    }

    /// What to send, if it is on its way: only a deployment that was cleared, and whose intent is recorded as sent,
    /// has an order.
    #[must_use]
    pub fn order(&self, environment: &Environment, clearance: &Clearance) -> Option<Order> {
        let State::Dispatching { sent: Some(_), .. } = self.state else { return None };
        if !clearance.is_of(self) {
            return None;
        }
        if let Start::Merge(merge) = &self.start {
            return Some(Order::Merge(merge.order(&self.repository)));
        }
        let mut inputs = environment.inputs.clone();
        if let Some(input) = &environment.key_input {
            inputs.insert(input.clone(), self.key.clone());
        }
        Some(Order::Dispatch(DispatchOrder {
            repository: self.repository.clone(),
            workflow: self.workflow.clone(),
            git_ref: self.git_ref.clone(),
            inputs,
        }))
    }
}

/// The one request that lets a deployment go.
#[derive(Debug, Clone)]
pub enum Order {
    /// Start its workflow.
    Dispatch(DispatchOrder),
    /// Merge its pull request.
    Merge(MergeOrder),
}

/// The one request that starts a workflow. Obtained from [`Deployment::order`] only.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DispatchOrder {
    /// Where.
    pub repository: RepositoryName,
    /// The workflow's file name.
    pub workflow: String,
    /// The branch or tag.
    pub git_ref: GitRef,
    /// Its inputs; empty where the workflow takes none.
    pub inputs: std::collections::BTreeMap<String, String>,
}
