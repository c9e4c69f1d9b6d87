-- What the first start has made of the lines of the earlier versions.
UPDATE audit_head SET seq = 0, hash = '0000000000000000000000000000000000000000000000000000000000000000';
INSERT INTO audit (seq, at, actor, action, subject, detail, record, previous, hash)
VALUES
    (1, 1790000000000, 'Ada', 'deployment.requested', 'deployment 1', 'main to uat at ab12ab12', NULL,
     '0000000000000000000000000000000000000000000000000000000000000000',
     'd8bf1efd395411918a943cc766e9772dd162e77ea43b97dd422d093e3f254c59'),
    (2, 1790000060000, 'signalbox', 'deployment.succeeded', 'deployment 1', 'it''s true: 30 tenants, all migrated', NULL,
     'd8bf1efd395411918a943cc766e9772dd162e77ea43b97dd422d093e3f254c59',
     'b200c4a9a3f79fabda5ac49ee25c452e40e43ebdb9015056ff879f235118dd58');
DROP TABLE audit_unchained;
