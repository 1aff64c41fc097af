"""The GraphQL statements sent to the server: the same that wandb's own clients send.

The server continues to accept the statements of old clients, while wandb's Python functions for
them moved with every other release. A contract test runs them next to both the oldest and the
newest supported client against one server.
"""

from __future__ import annotations

VIEWER = """
query Viewer { viewer { id username entity teams { edges { node { name } } } } }
"""

SWEEP = """
query Sweep($entity: String, $project: String, $sweep: String!) {
  project(name: $project, entityName: $entity) {
    sweep(sweepName: $sweep) { id name state config displayName }
  }
}
"""

SET_STATE = """
mutation UpsertSweep($id: ID, $state: String, $entityName: String, $projectName: String) {
  upsertSweep(input: {
    id: $id, state: $state, entityName: $entityName, projectName: $projectName
  }) { sweep { name } }
}
"""

CREATE_AGENT = """
mutation CreateAgent(
  $host: String!, $projectName: String, $entityName: String, $sweep: String!
) {
  createAgent(input: {
    host: $host, projectName: $projectName, entityName: $entityName, sweep: $sweep
  }) { agent { id } }
}
"""

HEARTBEAT = """
mutation Heartbeat($id: ID!, $metrics: JSONString, $runState: JSONString) {
  agentHeartbeat(input: { id: $id, metrics: $metrics, runState: $runState }) {
    agent { id }
    commands
  }
}
"""
