//! Results as tables, in Markdown that can be read as it stands.

use crate::{
    judge::{Verdict, lowest},
    maps,
    row::{Cell, Row, Sheet, short},
};

const UNITS: &str = "nanoseconds for one operation of one thread; for memory bytes for an entry, for tail p99.999";

const CELL: [&str; 5] = ["workload", "key", "value", "size", "threads"];

/// The line above those of `line`.
pub fn heading(maps: &[String]) -> String {
    let columns: Vec<_> = maps.iter().map(|map| format!("{map:>width$}", width = width(map))).collect();
    format!("{UNITS}\n{} {}", cell_columns(CELL), columns.join(" "))
}

fn cell_columns([workload, key, value, size, threads]: [&str; 5]) -> String {
    format!("{workload:<15} {key:<6} {value:>5} {size:>5} {threads:>7}")
}

fn cell_text(cell: Cell) -> String {
    let Sheet { types, entries, threads } = cell.sheet;
    cell_columns([cell.workload, types.key, types.value, &short(entries), &threads.to_string()])
}

/// One cell as soon as it is measured.
pub fn line(maps: &[String], cell: Cell, rows: &[Row]) -> String {
    let column = |map: &String| {
        let row = rows.iter().find(|row| row.name() == *map);
        let figure = row.and_then(|row| row.figure(compared(&row.workload)[0]));
        format!("{:>width$}", figure.map_or("-".into(), digits), width = width(map))
    };
    format!("{} {}", cell_text(cell), maps.iter().map(column).collect::<Vec<_>>().join(" "))
}

/// The line above those of `comparison`.
pub fn comparison_heading() -> String {
    let columns = format!("{:>9} {:>9} {:>7}  {}", "old", "new", "old/new", "of single turns");
    format!("{UNITS}\n{:<10} {} {columns}", "map", cell_columns(CELL))
}

/// A cell of two builds: the medians, and their quotient with the lowest and the highest of one turn. `turns` are pairs of
/// the old build's figure and the new one's.
pub fn comparison(map: &str, cell: Cell, [old, new]: [f64; 2], turns: &[[f64; 2]], mark: bool) -> String {
    let quotients = || turns.iter().map(|[old, new]| old / new);
    let (lowest, highest) = (quotients().fold(f64::MAX, f64::min), quotients().fold(0.0, f64::max));
    let medians = format!("{:>9} {:>9} {:>7.2}", digits(old), digits(new), old / new);
    let mark = if mark { "  WORSE" } else { "" };
    format!("{map:<10} {} {medians}  {lowest:.2} to {highest:.2}{mark}", cell_text(cell))
}

fn width(map: &str) -> usize {
    map.len().max(9)
}

/// The figures of a workload that its rows are compared by.
pub fn compared(workload: &str) -> &'static [&'static str] {
    match workload {
        "memory" => &["bytes_per_entry", "worst_bytes_per_entry"],
        "tail" => &["p99999_ns", "max_ns"],
        _ => &["ns_per_op"],
    }
}

fn digits(figure: f64) -> String {
    if figure < 100.0 { format!("{figure:.1}") } else { format!("{figure:.0}") }
}

/// A cell in which ours and a peer were measured.
pub struct Ratio<'a> {
    row: &'a Row,
    figure: &'a str,
    ours: f64,
    peer: &'a str,
    best: f64,
}

impl Ratio<'_> {
    /// More than 1 is better than the best peer.
    pub fn times(&self) -> f64 {
        self.best / self.ours
    }
    fn columns(&self) -> Vec<String> {
        let Row { workload, key, value, entries, threads, .. } = self.row;
        let what = match self.figure {
            "ns_per_op" => workload.clone(),
            figure => format!("{workload}, {}", figure.trim_end_matches("_ns").replace('_', " ")),
        };
        let figures = [digits(self.ours), digits(self.best), self.peer.into(), format!("{:.2}", self.times())];
        [what, key.clone(), value.clone(), short(*entries), threads.to_string()].into_iter().chain(figures).collect()
    }
}

/// One of our maps against the best peer of each cell.
pub fn compare<'a>(rows: &'a [Row], ours: &str) -> Vec<Ratio<'a>> {
    let own = rows.iter().filter(|row| row.name() == ours);
    let figures = own.flat_map(|row| compared(&row.workload).iter().map(move |figure| (row, *figure)));
    let ratio = |(row, figure): (&'a Row, &'a str)| {
        let (peer, best) = lowest(rows.iter().filter(|other| other.cell() == row.cell()), figure)?;
        Some(Ratio { row, figure, ours: row.figure(figure)?, peer, best })
    };
    figures.filter_map(ratio).collect()
}

pub fn ratio_table<'a>(ours: &str, ratios: impl Iterator<Item = &'a Ratio<'a>>) -> String {
    let head = ["workload", "key", "value", "size", "threads", ours, "best peer", "which", "times as good"];
    grid(&head.map(String::from), &ratios.map(Ratio::columns).collect::<Vec<_>>())
}

/// A table for each of our maps that was measured.
pub fn ratios(rows: &[Row]) -> String {
    let mut text = String::new();
    for entry in maps::ALL.iter().filter(|entry| entry.ours()) {
        let ratios = compare(rows, entry.name);
        if !ratios.is_empty() {
            text += &ratio_table(entry.name, ratios.iter());
            text.push('\n');
        }
    }
    text
}

pub fn verdicts(verdicts: &[Verdict]) -> String {
    let columns = |verdict: &Verdict| vec![verdict.bar.into(), verdict.state.into(), verdict.worst.clone()];
    grid(&["bar", "", "worst cell"].map(String::from), &verdicts.iter().map(columns).collect::<Vec<_>>())
}

/// All maps side by side, a table for each type of keys and values, size and number of threads.
pub fn figures(rows: &[Row]) -> Vec<(String, String)> {
    let mut tables = Vec::new();
    let mut sheets: Vec<_> = rows.iter().map(Row::sheet).collect();
    sheets.sort_unstable_by_key(|sheet| (sheet.types.rank(), sheet.entries, sheet.threads));
    sheets.dedup();
    for sheet in sheets {
        let here: Vec<_> = rows.iter().filter(|row| row.sheet() == sheet).collect();
        let maps: Vec<_> =
            maps::ALL.iter().map(|entry| entry.name).filter(|map| here.iter().any(|row| row.name() == *map)).collect();
        let mut lines = Vec::new();
        for workload in crate::workload::ALL {
            let row_of = |map: &&str| here.iter().find(|row| row.name() == *map && row.workload == workload.name);
            let figure = |map| row_of(map).and_then(|row| row.figure(compared(&row.workload)[0]));
            let figures: Vec<_> = maps.iter().map(|map| figure(map).map_or("-".into(), digits)).collect();
            if figures.iter().any(|figure| figure != "-") {
                lines.push([vec![workload.name.into()], figures].concat());
            }
        }
        let head: Vec<String> = ["workload"].iter().chain(&maps).map(|name| name.to_string()).collect();
        let Sheet { types, entries, threads } = sheet;
        let plural = if threads == 1 { "" } else { "s" };
        let name = format!("{} entries, {threads} thread{plural}, {types}", short(entries));
        tables.push((name, grid(&head, &lines)));
    }
    tables
}

/// Columns as wide as their widest text; those that hold numbers are flush right.
fn grid(head: &[String], lines: &[Vec<String>]) -> String {
    let columns = 0..head.len();
    let number = |column: usize| {
        lines.iter().all(|line| line[column].trim_end_matches(['k', 'M']).parse::<f64>().is_ok() || line[column] == "-")
    };
    let width = |column: usize| {
        lines.iter().map(|line| line[column].len()).chain([head[column].len(), 3]).max().unwrap_or_default()
    };
    let formats: Vec<(usize, bool)> = columns.map(|column| (width(column), number(column))).collect();
    let line = |texts: &[String]| {
        let cell = |(text, (width, number)): (&String, &(usize, bool))| {
            if *number { format!("{text:>width$}") } else { format!("{text:<width$}") }
        };
        format!("| {} |\n", texts.iter().zip(&formats).map(cell).collect::<Vec<_>>().join(" | "))
    };
    let rule = |(width, number): &(usize, bool)| {
        if *number { format!("{}:", "-".repeat(width - 1)) } else { "-".repeat(*width) }
    };
    let rule = format!("| {} |\n", formats.iter().map(rule).collect::<Vec<_>>().join(" | "));
    line(head) + &rule + &lines.iter().map(|texts| line(texts)).collect::<String>()
}
