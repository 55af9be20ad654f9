//! Writes the tables into a document, between two marks.

use crate::{
    about::About,
    bars,
    judge::judge,
    row::Row,
    tables::{compare, figures, ratio_table, ratios, verdicts},
};
use std::{fs, process::exit};

const BEGIN: &str = "<!-- results -->";
const END: &str = "<!-- end of results -->";

pub fn write(file: &str, rows: &[Row], about: &About) {
    let text = fs::read_to_string(file).unwrap_or_default();
    let (Some((before, rest)), false) = (text.split_once(BEGIN), rows.is_empty()) else {
        eprintln!("bench: {file} has no {BEGIN}, or there are no results in target/bench");
        exit(2);
    };
    let after = rest.split_once(END).map_or("\n", |(_, after)| after);
    let results = format!("{before}{BEGIN}\n\n{}\n{END}{after}", block(rows, about));
    fs::write(file, results).expect("writing the document");
}

fn block(rows: &[Row], about: &About) -> String {
    let mut text = format!("### Measured on\n\n- {}\n- {}\n", about.machine, about.system);
    text += &format!("- {}\n", about.versions.join(", "));
    about.commands.iter().for_each(|command| text += &format!("- `{command}`\n"));
    text += &format!("\n### The bars\n\n{}", verdicts(&judge(bars::ALL, rows)));
    let sharded = compare(rows, "sharded");
    let behind: Vec<_> = sharded.iter().filter(|ratio| ratio.times() < 1.0).collect();
    text += "\n### Where we lose\n\n";
    if behind.is_empty() {
        text += "In no cell that was measured is a peer better than the sharded map.\n";
    } else {
        text += &format!("In {} of {} cells a peer is better than the sharded map:\n\n", behind.len(), sharded.len());
        text += &ratio_table("sharded", behind.into_iter());
    }
    text += &format!("\n### Ours against the best peer\n\n{}", ratios(rows));
    text += "### All figures\n\nNanoseconds for one operation of one thread; for memory bytes for an entry, for tail the time \
             that one insertion in 100 000 takes longer than.\n";
    for (name, table) in figures(rows) {
        text += &format!("\n{name}:\n\n{table}");
    }
    text
}
