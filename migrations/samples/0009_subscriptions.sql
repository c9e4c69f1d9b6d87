INSERT INTO subscriptions (person_id, environment, person_name, kinds, since, paused_at)
VALUES
    (80351110224678912, 'uat', 'Ada', 'failed,untrue,alerts', 1790000000000, NULL),
    (80351110224678912, 'all', 'Ada', 'alerts', 1790000000000, 1790000060000);
