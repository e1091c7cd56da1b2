-- The same search with PostgreSQL and pg_trgm. `hay` is " BIRTH USED GIVEN " folded, also joined without separators.
CREATE EXTENSION pg_trgm;

CREATE TABLE person (
  id integer PRIMARY KEY, birth text, used text, given text, born date, matricule text,
  hay text GENERATED ALWAYS AS (
    ' ' || regexp_replace(birth, '[^A-Z]', ' ', 'g') || ' ' || regexp_replace(used, '[^A-Z]', ' ', 'g') || ' '
    || regexp_replace(given, '[^A-Z]', ' ', 'g') || ' ' || regexp_replace(birth, '[^A-Z]', '', 'g') || ' '
    || regexp_replace(used, '[^A-Z]', '', 'g') || ' ' || replace(regexp_replace(given, '[-'']', '', 'g'), '  ', ' ')
  ) STORED
);
\copy person (id, birth, used, given, born, matricule) FROM 'people.tsv'
CREATE INDEX ON person USING gin (hay gin_trgm_ops);
CREATE INDEX ON person (born);
CREATE INDEX ON person ((extract(year FROM born)::int));
CREATE INDEX ON person (matricule) WHERE matricule <> '';
VACUUM ANALYZE person;

CREATE TABLE question (n serial PRIMARY KEY, kind text, id integer, words text[], born date, swapped date, year int, matricule text);
\copy question (kind, id, words, born, swapped, year, matricule) FROM 'questions.tsv'

CREATE FUNCTION search(w text[], d date, swapped date, y int, m text) RETURNS integer[] LANGUAGE plpgsql AS $$
DECLARE
  found integer[] := '{}';
  more integer[];
  -- One LIKE for each word: LIKE ALL would not use the index.
  likes text := coalesce((SELECT string_agg(format('hay LIKE %L', '% ' || x || '%'), ' AND ') FROM unnest(w) x), 'true');
  filter text := '';
  near text;
BEGIN
  IF m IS NOT NULL THEN
    RETURN (SELECT array_agg(id) FROM person WHERE matricule = m AND matricule <> '');
  END IF;
  IF d IS NOT NULL THEN filter := format(' AND born = %L', d); END IF;
  IF d IS NULL AND y IS NOT NULL THEN filter := format(' AND extract(year FROM born)::int = %s', y); END IF;
  EXECUTE format(
    'SELECT array_agg(id) FROM (SELECT id FROM (SELECT id, birth FROM person WHERE %s %s LIMIT 400) c
       ORDER BY birth = ANY (%L) DESC, birth LIKE %L DESC, id DESC LIMIT 50) r',
    likes, filter, w, coalesce(w[1], '') || '%') INTO found;
  found := coalesce(found, '{}');
  IF cardinality(found) >= 10 OR cardinality(w) = 0 THEN RETURN found; END IF;
  IF d IS NOT NULL THEN
    filter := format(' AND born IN (%L, %L)', d, coalesce(swapped, d));
    near := (SELECT string_agg(format('word_similarity(%L, hay) > 0.3', x), ' AND ') FROM unnest(w) x);
  ELSE
    near := (SELECT string_agg(format('%L <%% hay', x), ' AND ') FROM unnest(w) x);
  END IF;
  EXECUTE format(
    'SELECT array_agg(id) FROM (SELECT id FROM (SELECT id, hay FROM person WHERE %s %s LIMIT 400) c
       ORDER BY (SELECT sum(word_similarity(x, hay)) FROM unnest(%L::text[]) x) DESC, id DESC LIMIT 50) r',
    near, filter, w) INTO more;
  RETURN found || coalesce((SELECT array_agg(x) FROM unnest(more) x WHERE x <> ALL (found)), '{}');
END $$;

CREATE TABLE answer (n integer, kind text, ms double precision, hit boolean);
SET pg_trgm.word_similarity_threshold = 0.4;
SET jit = off;
DO $$
DECLARE q question; started timestamptz; ids integer[];
BEGIN
  -- Once over a part, so that pages and plans are warm, as they were on the other side.
  FOR q IN SELECT * FROM question WHERE n % 7 = 0 LOOP
    PERFORM search(q.words, q.born, q.swapped, q.year, q.matricule);
  END LOOP;
  FOR q IN SELECT * FROM question ORDER BY n LOOP
    started := clock_timestamp();
    ids := search(q.words, q.born, q.swapped, q.year, q.matricule);
    INSERT INTO answer VALUES (q.n, q.kind, extract(epoch FROM clock_timestamp() - started) * 1000, q.id = ANY (ids[1:10]));
  END LOOP;
END $$;

\pset format unaligned
\pset tuples_only on
SELECT '| kind | n | p50 ms | p99 ms | max ms | first ten % |';
SELECT '| --- | --- | --- | --- | --- | --- |';
SELECT format('| %s | %s | %s | %s | %s | %s |', kind, count(*),
  round(percentile_disc(0.5) WITHIN GROUP (ORDER BY ms)::numeric, 3),
  round(percentile_disc(0.99) WITHIN GROUP (ORDER BY ms)::numeric, 3),
  round(max(ms)::numeric, 3), round(100.0 * avg(coalesce(hit, false)::int), 2))
FROM answer GROUP BY kind ORDER BY kind;
SELECT format('table and indexes: %s MB', pg_total_relation_size('person') / 1000000);
