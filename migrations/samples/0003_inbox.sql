INSERT INTO interactions (id, token, command, person_id, person_name, at)
VALUES
    (1100000000000000001, NULL, '/deploy environment:uat', 80351110224678912, 'Ada', 1790000000000),
    (1100000000000000002, 'a-token', '/status', 80351110224678912, 'Ada', 1790000000500);

INSERT INTO deliveries (guid, received_at) VALUES ('72d3162e-cc78-11e3-81ab-4c9367dc0958', 1790000000000);
