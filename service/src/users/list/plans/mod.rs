//! The plans of every statement that a list can make: none scans a table.

mod on_server;
#[cfg(feature = "sqlite")]
mod on_sqlite;

use super::sort::{Key, Position, Sort};
use super::source::{IndexScan, IndexedFilter};
use super::sql::Sql;
use super::statements::Statements;
use super::{Filters, filters};
use crate::access::RoleName;
use crate::accounts::Status;

/// What a statement reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The users that a filter's index leads to.
    Found(IndexedFilter),
    /// An index, in the order of the list.
    Walked(IndexScan),
    /// The same for its last entry alone.
    Edge(IndexScan),
}

/// A statement of a list.
struct Planned<'a> {
    part: Part,
    /// Whether it goes on from a place.
    goes_on: bool,
    sql: Sql<'a>,
}

fn sorts() -> impl Iterator<Item = Sort> {
    let keys = [Key::UserId, Key::CreatedAt, Key::Username, Key::Email];
    keys.into_iter().flat_map(|key| [false, true].map(|descending| Sort { key, descending }))
}

/// Each filter, each two of them, and all: a plan depends on the filter that is gathered, and each other one adds a condition.
fn every_filters() -> Vec<Filters> {
    let time = |text| filters::moment(text).ok();
    (0..128_u8)
        .filter(|bits| bits.count_ones() <= 2 || *bits >= 63)
        .map(|bits: u8| {
            let has = |bit: u8| bits >> bit & 1 == 1;
            let status = if has(6) { Status::Active } else { Status::Disabled };
            let span = [time("2024-01-15T10:30:00Z"), time("2024-01-15T11:30:00Z")];
            let [after, before] = span.map(|time| time.filter(|_| has(2)));
            Filters {
                prefix: has(0).then(|| filters::Prefix::parse("ada").unwrap()),
                ids: has(1).then(|| filters::Ids::parse("100,200").unwrap()),
                created: filters::Created::between(after, before),
                status: has(3).then_some(status),
                role: has(4).then(|| RoleName::parse("support").unwrap()),
                email_verified: has(5).then_some(true),
            }
        })
        .collect()
}

/// Two places, in the order of the list.
fn places(sort: Sort) -> [Position; 2] {
    let time = |text| filters::moment(text).unwrap();
    let mut places = match sort.key {
        Key::UserId => [7, 5_000].map(Position::Id),
        Key::CreatedAt => {
            ["2024-01-15T10:30:00Z", "2024-01-15T11:30:00Z"].map(|text| Position::Time(time(text), 7))
        }
        Key::Username | Key::Email => ["ada", "gil"].map(|text| Position::Text(text.to_owned())),
    };
    if sort.descending {
        places.reverse();
    }
    places
}

/// Every statement of a list, from its beginning and from a place, to its end and to a place.
fn every_statement<'a>(list: Statements<'a>, places: &'a [Position; 2]) -> Vec<Planned<'a>> {
    let driver = IndexScan::of(list.sort, list.filters);
    let [first, second] = places;
    let mut planned = Vec::new();
    for from in [None, Some(first)] {
        let mut add = |part, sql| planned.push(Planned { part, goes_on: from.is_some(), sql });
        for narrow in IndexedFilter::countable(list.filters) {
            for sql in [list.count(narrow), list.total(narrow)] {
                add(Part::Found(narrow), sql);
            }
        }
        for narrow in IndexedFilter::of(list.filters) {
            add(Part::Found(narrow), list.gathered(narrow, from, 11));
        }
        for to in [None, Some(second)] {
            add(Part::Walked(driver), list.walked(driver, from, to, 11));
            add(Part::Edge(driver), list.edge(driver, from, to));
        }
    }
    planned
}
