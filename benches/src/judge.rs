//! Holds results against the bars.

use crate::{
    bars::{Bar, Check, Claim, Peers},
    maps,
    row::{Cell, Row, Sheet, short},
};

pub struct Verdict {
    pub bar: &'static str,
    pub state: &'static str,
    /// The worst cell, in words.
    pub worst: String,
}

/// One cell: how far it is beyond what was claimed (1 is just met), and that in words.
struct Finding {
    margin: f64,
    words: String,
}

pub fn judge(bars: &'static [Bar], rows: &[Row]) -> Vec<Verdict> {
    bars.iter().map(|bar| verdict(bar, rows)).collect()
}

fn verdict(bar: &'static Bar, rows: &[Row]) -> Verdict {
    let findings: Vec<Option<Finding>> = bar.checks.iter().flat_map(|check| cells(check, rows)).collect();
    let (all, run) = (findings.len(), findings.iter().flatten().count());
    let worst = findings.into_iter().flatten().min_by(|one, other| one.margin.total_cmp(&other.margin));
    let state = match &worst {
        Some(worst) if worst.margin < 1.0 => "NOT met",
        Some(_) if run == all => "met",
        _ => "not run",
    };
    let partly = if run < all && run > 0 { format!("; {run} of {all} cells run") } else { String::new() };
    Verdict { bar: bar.name, state, worst: worst.map_or(String::new(), |worst| worst.words + &partly) }
}

fn cells(check: &Check, rows: &[Row]) -> Vec<Option<Finding>> {
    let mut findings = Vec::new();
    for workload in check.workloads {
        for &entries in check.entries {
            for &threads in check.threads {
                let cell = Cell { workload, sheet: Sheet { types: check.types, entries, threads } };
                let finding = finding(check, cell, rows);
                findings.push(finding.map(|(margin, words)| {
                    let threads = if threads == 1 { "1 thread".into() } else { format!("{threads} threads") };
                    Finding { margin, words: format!("{workload} {}, {threads}: {words}", short(entries)) }
                }));
            }
        }
    }
    findings
}

fn finding(check: &Check, cell: Cell, rows: &[Row]) -> Option<(f64, String)> {
    let own = |cell| rows.iter().find(|row| row.cell() == cell && row.name() == check.ours);
    match &check.claim {
        Claim::AtMost { figure, limit } => {
            let value = own(cell)?.figure(figure)?;
            Some((limit / value, format!("{value:.1}, to be {limit} at most ({figure})")))
        }
        Claim::Scales { times } => {
            let alone = Cell { sheet: Sheet { threads: 1, ..cell.sheet }, ..cell };
            let one = own(alone)?.figure("ns_per_op")?;
            let value = cell.sheet.threads as f64 * one / own(cell)?.figure("ns_per_op")?;
            Some((value / times, format!("{value:.2} x, to be {times} x")))
        }
        Claim::Times { figure, peers, times } => {
            let ours = own(cell)?.figure(figure)?;
            let mut rivals: Vec<_> = rows.iter().filter(|row| row.cell() == cell).collect();
            if let Peers::AlsoIn(workload) = peers {
                let also = Cell { workload, ..cell };
                rivals.extend(rows.iter().filter(|row| row.cell() == also));
            }
            let only = |row: &&Row| !matches!(peers, Peers::Only(peer) if *peer != row.name());
            let (peer, best) = lowest(rivals.into_iter().filter(only), figure)?;
            let value = best / ours;
            let of = if *figure == "ns_per_op" { String::new() } else { format!(" in {figure}") };
            Some((value / times, format!("{value:.2} x {peer}{of}, to be {times} x")))
        }
    }
}

/// The peer with the lowest figure, and that.
pub fn lowest<'a>(rows: impl Iterator<Item = &'a Row>, figure: &str) -> Option<(&'a str, f64)> {
    let peers = rows.filter(|row| maps::find(row.name()).is_none_or(|entry| !entry.ours()));
    let figures = peers.filter_map(|row| Some((row.name(), row.figure(figure)?)));
    figures.min_by(|one, other| one.1.total_cmp(&other.1))
}
