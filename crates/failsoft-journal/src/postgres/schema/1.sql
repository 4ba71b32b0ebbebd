-- One row for each provider, model and key that was ever used; the key is a fingerprint.
CREATE TABLE failsoft.targets (
  id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name       text NOT NULL,
  provider   text NOT NULL,
  credential text NOT NULL,
  UNIQUE (name, provider, credential)
);

-- `writer` is a process that writes, `number` the order in which its records came.
CREATE TABLE failsoft.calls (
  writer           bigint NOT NULL,
  number           bigint NOT NULL,
  id               text COLLATE "C" NOT NULL,
  started_ms       bigint NOT NULL,
  route            text NOT NULL,
  model            text NOT NULL,
  dialect          text NOT NULL,
  delivery         text,
  profile          text,
  client           text,
  client_retries   smallint NOT NULL,
  tag              text,
  trace_id         text,
  request_bytes    bigint NOT NULL,
  prompt_tokens    bigint NOT NULL,
  max_attempts     smallint,
  deadline_ns      bigint,
  verdict          text,
  kind             text,
  status           integer NOT NULL,
  retry_after_ns   bigint,
  answer_ordinal   smallint,
  attempts         smallint NOT NULL,
  waited_ns        bigint NOT NULL,
  first_content_ns bigint,
  took_ns          bigint,
  PRIMARY KEY (writer, number)
);
CREATE INDEX calls_by_id ON failsoft.calls (id);
CREATE INDEX calls_by_start ON failsoft.calls (started_ms, writer, number);

-- `start_step`, `commit_step` and `end_step` give an attempt's place among the steps of its call.
CREATE TABLE failsoft.attempts (
  writer           bigint NOT NULL,
  number           bigint NOT NULL,
  ordinal          smallint NOT NULL,
  target           integer,
  model            text,
  why              text,
  start_step       integer,
  commit_step      integer,
  end_step         integer,
  started_ns       bigint,
  connected_ns     bigint,
  headers_ns       bigint,
  first_content_ns bigint,
  committed_ns     bigint,
  took_ns          bigint,
  outcome          text,
  kind             text,
  phase            text,
  same_target      text,
  elsewhere        text,
  cancel_reason    text,
  retry_after_ns   bigint,
  status           integer,
  code             text,
  request_id       text,
  words            text,
  input_tokens     bigint,
  output_tokens    bigint,
  cost_nanos       bigint,
  delivered_bytes  bigint NOT NULL,
  translated_to    text,
  left_out         text,
  dropped_events   integer NOT NULL,
  seam             bigint,
  onward           text,
  grounds          text,
  PRIMARY KEY (writer, number, ordinal)
);

-- All that came to be in a call beside its attempts. Offsets count from the call's start.
CREATE TABLE failsoft.steps (
  writer     bigint NOT NULL,
  number     bigint NOT NULL,
  step       integer NOT NULL,
  at_ns      bigint NOT NULL,
  what       text NOT NULL,
  target     integer,
  why        text,
  reason     text,
  from_state text,
  to_state   text,
  until_ns   bigint,
  took_ns    bigint,
  value      bigint,
  grounds    text,
  PRIMARY KEY (writer, number, step)
);

-- Changes that belong to no single call.
CREATE TABLE failsoft.states (
  writer     bigint NOT NULL,
  number     bigint NOT NULL,
  at_ms      bigint NOT NULL,
  what       text NOT NULL,
  target     integer,
  reason     text,
  from_state text,
  to_state   text,
  until_ms   bigint,
  value      bigint,
  grounds    text,
  operator   text,
  PRIMARY KEY (writer, number)
);
CREATE INDEX states_by_time ON failsoft.states (at_ms, writer, number);

-- Records that could not be kept.
CREATE TABLE failsoft.drops (
  writer  bigint NOT NULL,
  number  bigint NOT NULL,
  at_ms   bigint NOT NULL,
  healthy bigint NOT NULL,
  failed  bigint NOT NULL,
  PRIMARY KEY (writer, number)
);
CREATE INDEX drops_by_time ON failsoft.drops (at_ms);
