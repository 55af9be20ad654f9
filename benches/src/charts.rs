//! Draws the results: a panel of bars for each workload, the memory of growing maps, the tail of insertions.

use crate::{
    maps,
    row::{Cell, Row, Sheet, short},
    workload::{self, Scope},
};
use plotters::{
    coord::Shift,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};
use std::{error::Error, fs, process::exit};

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn Error>>;

const INK: RGBColor = RGBColor(0x22, 0x28, 0x31);
const FAINT: RGBColor = RGBColor(0xd9, 0xde, 0xe4);
const PEER: RGBColor = RGBColor(0xb4, 0xbc, 0xc6);
/// Ours, in their order.
const OURS: [RGBColor; 4] =
    [RGBColor(0xd9, 0x48, 0x01), RGBColor(0xf0, 0x8c, 0x3c), RGBColor(0xf5, 0xb0, 0x78), RGBColor(0xf9, 0xce, 0xa8)];
/// Lines of peers, which must be told apart.
const LINES: [RGBColor; 10] = [
    RGBColor(0x1f, 0x77, 0xb4),
    RGBColor(0x2c, 0xa0, 0x2c),
    RGBColor(0x94, 0x67, 0xbd),
    RGBColor(0x8c, 0x56, 0x4b),
    RGBColor(0x7f, 0x7f, 0x7f),
    RGBColor(0xbc, 0xbd, 0x22),
    RGBColor(0x17, 0xbe, 0xcf),
    RGBColor(0xe3, 0x77, 0xc2),
    RGBColor(0x39, 0x3b, 0x79),
    RGBColor(0x63, 0x79, 0x39),
];

pub fn draw(folder: &str, rows: &[Row]) {
    if rows.is_empty() {
        eprintln!("bench: no results in target/bench");
        exit(2);
    }
    if let Err(error) = fs::create_dir_all(folder).map_err(Into::into).and_then(|()| all(folder, rows)) {
        eprintln!("bench: drawing into {folder}: {error}");
        exit(1);
    }
}

fn all(folder: &str, rows: &[Row]) -> Drawn {
    let timed = rows.iter().filter(|row| scope(row).is_some_and(|scope| scope != Scope::Alone));
    let mut sheets: Vec<_> = timed.map(Row::sheet).collect();
    sheets.sort_unstable();
    sheets.dedup();
    for sheet in sheets {
        let Sheet { types, entries, threads } = sheet;
        let plural = if threads == 1 { "thread" } else { "threads" };
        let title = format!(
            "{} {types}, {threads} {plural}: nanoseconds for one operation of one thread, less is better",
            short(entries)
        );
        let panels = workload::ALL.iter().filter(|workload| workload.scope != Scope::Alone).map(|workload| {
            let cell = Cell { workload: workload.name, sheet };
            (workload.name.to_string(), bars(rows, cell, "ns_per_op"))
        });
        let file = format!("{folder}/{}-{}-{threads}-{plural}.svg", types.file(), short(entries));
        page(&file, &title, panels.filter(|panel| !panel.1.is_empty()).collect())?;
    }
    for row in rows.iter().filter(|row| row.name() == "sharded") {
        match row.workload.as_str() {
            "tail" => {
                let title = format!(
                    "Growing to {} entries, {}: time of one insertion in nanoseconds, less is better",
                    short(row.entries),
                    row.sheet().types
                );
                let names = [
                    ("half take less", "p50_ns"),
                    ("99.9 %", "p999_ns"),
                    ("99.999 %", "p99999_ns"),
                    ("the longest", "max_ns"),
                ];
                let panels = names.map(|(name, figure)| (name.to_string(), bars(rows, row.cell(), figure)));
                page(&format!("{folder}/tail-{}.svg", row.sheet().types.file()), &title, panels.into())?;
            }
            "memory" => memory(&format!("{folder}/memory-{}.svg", row.sheet().types.file()), rows, row)?,
            _ => {}
        }
    }
    Ok(())
}

fn scope(row: &Row) -> Option<Scope> {
    workload::find(&row.workload).map(|workload| workload.scope)
}

/// The maps of a cell, the best first.
fn bars<'a>(rows: &'a [Row], cell: Cell, figure: &str) -> Vec<(&'a str, f64)> {
    let here = rows.iter().filter(|row| row.cell() == cell);
    let mut bars: Vec<_> = here.filter_map(|row| Some((row.name(), row.figure(figure)?))).collect();
    bars.sort_by(|one, other| one.1.total_cmp(&other.1));
    bars
}

fn our_colour(name: &str) -> Option<RGBColor> {
    let ours = maps::ALL.iter().filter(|entry| entry.ours());
    ours.zip(OURS).find(|(entry, _)| entry.name == name).map(|(_, colour)| colour)
}

fn text(size: u32, colour: RGBColor, horizontal: HPos) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&colour).pos(Pos::new(horizontal, VPos::Center))
}

/// Panels, four in a row, below a title.
fn page(file: &str, title: &str, panels: Vec<(String, Vec<(&str, f64)>)>) -> Drawn {
    const WIDTH: i32 = 310;
    const TOP: i32 = 56;
    let bars = panels.iter().map(|panel| panel.1.len()).max().unwrap_or_default() as i32;
    let (height, columns) = (bars * LINE + 56, panels.len().min(4) as i32);
    let rows = (panels.len() as i32 + columns - 1) / columns;
    let size = ((columns * WIDTH + 20).max(660) as u32, (TOP + rows * height) as u32);
    let area = SVGBackend::new(file, size).into_drawing_area();
    area.fill(&WHITE)?;
    area.draw_text(title, &text(17, INK, HPos::Left), (20, 28))?;
    for (at, (name, bars)) in panels.iter().enumerate() {
        let at = at as i32;
        panel(&area, (20 + at % columns * WIDTH, TOP + at / columns * height), name, bars)?;
    }
    area.present()?;
    Ok(())
}

/// The height of one bar with its gap.
const LINE: i32 = 17;

/// One workload: name, bar and figure of each map. A bar that would dwarf the others ends at the edge, with a gap in it.
fn panel(area: &Area, (left, top): (i32, i32), name: &str, bars: &[(&str, f64)]) -> Drawn {
    const NAMES: i32 = 118;
    const LONGEST: f64 = 120.0;
    area.draw_text(name, &text(15, INK, HPos::Left), (left, top + 8))?;
    let median = bars[bars.len() / 2].1;
    let edge = bars[bars.len() - 1].1.min(4.0 * median);
    for (at, (map, figure)) in bars.iter().enumerate() {
        let middle = top + 32 + at as i32 * LINE;
        let (begin, ours) = (left + NAMES, our_colour(map));
        let end = begin + ((figure.min(edge) / edge * LONGEST) as i32).max(1);
        let ink = if ours.is_some() { OURS[0] } else { INK };
        area.draw_text(map, &text(12, ink, HPos::Right), (begin - 6, middle))?;
        let colour = ours.unwrap_or(PEER);
        area.draw(&Rectangle::new([(begin, middle - 6), (end, middle + 6)], colour.filled()))?;
        if *figure > edge {
            let gap = [(end - 14, middle + 7), (end - 10, middle + 7), (end - 4, middle - 7), (end - 8, middle - 7)];
            area.draw(&Polygon::new(gap, WHITE))?;
        }
        area.draw_text(&figure_text(*figure), &text(12, ink, HPos::Left), (end + 5, middle))?;
    }
    Ok(())
}

fn figure_text(figure: f64) -> String {
    match figure {
        ..100.0 => format!("{figure:.1}"),
        ..10_000.0 => format!("{figure:.0}"),
        ..1e6 => format!("{:.0} µs", figure / 1e3),
        _ => format!("{:.1} ms", figure / 1e6),
    }
}

/// Labels at 1, 2 and 5 of each power of ten.
fn tick(entries: u64) -> String {
    let leading = entries.to_string().trim_end_matches('0').to_string();
    if ["1", "2", "5"].contains(&leading.as_str()) { short(entries) } else { String::new() }
}

/// Bytes for an entry over the number of entries, a line for each map; the legend in the order of the lines' ends.
fn memory(file: &str, rows: &[Row], like: &Row) -> Drawn {
    let mut maps: Vec<_> = rows
        .iter()
        .filter(|row| row.cell() == like.cell() && !row.curve.is_empty())
        .map(|row| (row.name(), &row.curve))
        .collect();
    let last = |curve: &[(u64, f64)]| curve[curve.len() - 1];
    maps.sort_by(|one, other| last(other.1).1.total_cmp(&last(one.1).1));
    let highest = maps.iter().flat_map(|map| map.1).map(|point| point.1).fold(0.0, f64::max);
    let (from, to) = (maps[0].1[0].0, last(maps[0].1).0);
    let area = SVGBackend::new(file, (960, 560)).into_drawing_area();
    area.fill(&WHITE)?;
    let title = format!("Resident bytes for an entry while a map grows, {}, less is better", like.sheet().types);
    area.draw_text(&title, &text(17, INK, HPos::Left), (20, 28))?;
    let (left, right) = area.split_horizontally(760);
    let mut chart = ChartBuilder::on(&left)
        .margin_top(56)
        .margin_right(10)
        .x_label_area_size(44)
        .y_label_area_size(56)
        .build_cartesian_2d((from as f64..to as f64).log_scale(), 0.0..highest * 1.05)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(WHITE)
        .bold_line_style(FAINT)
        .axis_style(INK)
        .label_style(text(12, INK, HPos::Center))
        .axis_desc_style(text(13, INK, HPos::Center))
        .x_desc("entries")
        .x_label_formatter(&|entries| tick(entries.round() as u64))
        .y_label_formatter(&|bytes| format!("{bytes:.0}"))
        .draw()?;
    let mut colours = LINES.iter().cycle();
    for (at, (name, curve)) in maps.iter().enumerate() {
        let ours = our_colour(name);
        let style = match ours {
            Some(colour) => colour.stroke_width(3),
            None => colours.next().unwrap_or(&INK).stroke_width(1),
        };
        chart.draw_series(LineSeries::new(curve.iter().map(|point| (point.0 as f64, point.1)), style))?;
        let middle = 70 + at as i32 * 24;
        right.draw(&PathElement::new([(0, middle), (26, middle)], style))?;
        let ink = if ours.is_some() { OURS[0] } else { INK };
        right.draw_text(&format!("{name} {:.0}", last(curve).1), &text(13, ink, HPos::Left), (34, middle))?;
    }
    area.present()?;
    Ok(())
}
