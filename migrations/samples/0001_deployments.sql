INSERT INTO deployments (key, environment, holds, repository, run_id, run_attempt, interaction, card_channel,
    card_message, state, active, requested_at, revision, document)
VALUES
    ('01JZ0000000000000000000001', 'uat', 0, 'acme/shop', 15000000001, 1, 1100000000000000001, 41, 42, 'succeeded', 0,
     1790000000000, 9, '{
        "environment": "uat",
        "repository": "acme/shop",
        "workflow": "12-uat-deployment.yml",
        "git_ref": "main",
        "commit": "ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12",
        "note": "the usual",
        "cancel": null,
        "trouble": null,
        "cards_lost": 0,
        "thread": 42,
        "sign_offs": [{"by": {"id": 80351110224678913, "name": "Grace"}, "seen": "2026-09-21T13:47:10Z"}],
        "key": "01JZ0000000000000000000001",
        "origin": {"kind": "chat", "by": {"id": 80351110224678912, "name": "Ada"}, "interaction": 1100000000000000001},
        "requested_at": "2026-09-21T13:46:40Z",
        "state": {"state": "succeeded", "at": "2026-09-21T13:47:40Z", "evidence": {"at": "2026-09-21T13:47:39Z", "findings": [{"check": "tenants", "answer": "pass", "says": "30 tenants, all migrated", "facts": [], "may_change": false}]}},
        "holds": false,
        "run_ref": {"id": 15000000001, "attempt": 1},
        "run": {"id": 15000000001, "attempt": 1, "workflow": ".github/workflows/12-uat-deployment.yml", "event": "workflow_dispatch", "head_sha": "ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12", "head_branch": "main", "title": "Deploy UAT", "actor": "grace", "status": "completed", "conclusion": "success", "created_at": "2026-09-21T13:46:40Z", "updated_at": "2026-09-21T13:47:00Z", "started_at": "2026-09-21T13:46:41Z", "url": "https://github.com/acme/shop/actions/runs/15000000001"},
        "jobs": [{"id": 1, "name": "migrate", "status": "completed", "conclusion": "success", "started_at": "2026-09-21T13:46:50Z", "completed_at": "2026-09-21T13:47:00Z", "url": "https://github.com/acme/shop/actions/runs/1/job/1", "step": null}],
        "card": {"channel": 41, "message": 42}
    }'),
    ('01JZ0000000000000000000002', 'uat', 1, 'acme/shop', 15000000002, 2, NULL, 41, 43, 'running', 1,
     1790000100000, 3, '{
        "environment": "uat",
        "repository": "acme/shop",
        "workflow": "12-uat-deployment.yml",
        "git_ref": "main",
        "commit": "ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12",
        "note": null,
        "cancel": null,
        "trouble": null,
        "cards_lost": 0,
        "thread": null,
        "sign_offs": [],
        "key": "01JZ0000000000000000000002",
        "origin": {"kind": "adopted", "actor": "grace", "event": "push"},
        "requested_at": "2026-09-21T13:48:20Z",
        "state": {"state": "running"},
        "holds": true,
        "run_ref": {"id": 15000000002, "attempt": 2},
        "run": {"id": 15000000002, "attempt": 2, "workflow": ".github/workflows/12-uat-deployment.yml", "event": "push", "head_sha": "ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12", "head_branch": "main", "title": "Deploy UAT", "actor": "grace", "status": "in_progress", "conclusion": null, "created_at": "2026-09-21T13:46:40Z", "updated_at": "2026-09-21T13:47:00Z", "started_at": "2026-09-21T13:46:41Z", "url": "https://github.com/acme/shop/actions/runs/15000000002"},
        "jobs": [{"id": 2, "name": "deploy / migrate", "status": "in_progress", "conclusion": null, "started_at": "2026-09-21T13:46:50Z", "completed_at": null, "url": "https://github.com/acme/shop/actions/runs/1/job/2", "step": "Migrate tenants"}],
        "card": {"channel": 41, "message": 43}
    }');

INSERT INTO audit (at, actor, action, subject, detail)
VALUES
    (1790000000000, 'Ada', 'deployment.requested', 'deployment 1', 'main to uat at ab12ab12'),
    (1790000060000, 'signalbox', 'deployment.succeeded', 'deployment 1', 'it''s true: 30 tenants, all migrated');
