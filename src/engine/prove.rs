//! `/audit prove`.

use signalbox_commands::desk::Proof;
use signalbox_domain::{fleet::File, ids::DeploymentId, refusal::Refusal};
use tracing::error;

use super::{
    ProofError,
    desk::{ServiceDesk, fault},
    proof,
};

/// Most bytes of a file: Discord takes 10 MiB with everything around it
/// (<https://discord.com/developers/docs/reference#uploading-files>).
const LARGEST_FILE: usize = 9 * 1024 * 1024;

impl ServiceDesk {
    pub(super) async fn try_prove(&self, deployment: &str) -> Result<Proof, Refusal> {
        let unknown = || Refusal::no_such_deployment(deployment);
        let id = deployment.trim().trim_start_matches('#').parse().map(DeploymentId).map_err(|_| unknown())?;
        let ports = &self.engine.ports;
        let (proof, checked) = match proof(&*ports.trail, id, ports.clock.now()).await {
            Ok(proven) => proven,
            Err(ProofError::Nothing(_)) => return Err(unknown()),
            Err(ProofError::Store(error)) => return Err(fault(error)),
            Err(ProofError::Damaged(why)) => {
                error!(deployment.id = id.0, error = &why as &dyn std::error::Error, "the audit trail is damaged");
                return Err(Refusal::audit_damaged(id, &why.to_string()));
            }
        };
        let file = File { name: format!("proof-{id}.json"), content: proof.json() };
        if file.content.len() > LARGEST_FILE {
            return Err(Refusal::proof_too_large(id));
        }
        let anchor = &self.engine.anchor;
        Ok(Proof { deployment: id, checked, channel: anchor.channel, kept: anchor.file.is_some(), file })
    }
}
