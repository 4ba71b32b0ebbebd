//! The record of a fleet: many gateways write one Postgres database, each under its own number.
//!
//! Everything stands in the schema `failsoft`, in plain rows that people may ask in SQL. A row is
//! known by its writer's number and its own, so that a group whose commit was in doubt is not
//! doubled when it is written again.

mod address;
mod columns;
mod link;
mod read;
mod rows;
mod schema;
mod store;
mod tls;

pub use address::PostgresUrl;
pub(crate) use read::PostgresSource;
pub(crate) use store::PostgresStore;

#[cfg(test)]
mod tests;
