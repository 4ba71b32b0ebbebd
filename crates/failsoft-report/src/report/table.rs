//! Plain tables, bars and sparklines.

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, LineStyle, Table};

use failsoft_journal::page::{Page, Style, Tone};

const EIGHTHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Which side a column keeps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// A table with a line under its header; columns beyond `sides` keep to the right.
pub(super) fn table(page: &Page, header: &[&str], sides: &[Side]) -> Table {
    let mut table = Table::new();
    table
        .load_style(NOTHING.header_separator(LineStyle::none().fill('─').junction('─')))
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(page.width.saturating_sub(2)).unwrap_or(u16::MAX))
        .force_no_tty();
    if page.style == Style::Colour {
        table.enforce_styling();
    }
    let bold = |text: &&str| Cell::new(text).add_attribute(Attribute::Bold);
    table.set_header(header.iter().map(bold).collect::<Vec<_>>());
    for index in 0..header.len() {
        let side = sides.get(index).copied().unwrap_or(Side::Right);
        if let Some(column) = table.column_mut(index) {
            column.set_padding((0, 1));
            column.set_cell_alignment(match side {
                Side::Left => CellAlignment::Left,
                Side::Right => CellAlignment::Right,
            });
        }
    }
    table
}

/// A cell in a tone.
pub(super) fn cell(text: impl ToString, tone: Tone) -> Cell {
    let cell = Cell::new(text);
    match tone {
        Tone::Title => cell.add_attribute(Attribute::Bold),
        Tone::Good => cell.fg(Color::DarkGreen),
        Tone::Bad => cell.fg(Color::DarkRed),
        Tone::Odd => cell.fg(Color::DarkYellow),
        Tone::Aside => cell.add_attribute(Attribute::Dim),
    }
}

/// The table's lines, indented.
pub(super) fn print(table: &Table, out: &mut String) {
    for line in table.lines() {
        out.push_str("  ");
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

/// A bar of so much of `width`, in eighths of a column.
pub(super) fn bar(share: f64, width: usize) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (share.clamp(0.0, 1.0) * width as f64 * 8.0).round() as usize;
    let eighths = if share > 0.0 { eighths.max(1) } else { eighths };
    format!("{}{}", "█".repeat(eighths / 8), PARTS[eighths % 8])
}

/// Numbers as heights, each against the largest; `width` columns at most.
pub(super) fn sparkline(numbers: &[u64], width: usize) -> String {
    let group = numbers.len().div_ceil(width.max(1)).max(1);
    let sums: Vec<u64> = numbers.chunks(group).map(|chunk| chunk.iter().sum()).collect();
    let most = sums.iter().copied().max().unwrap_or(0).max(1);
    let height = |sum: &u64| match *sum {
        0 => '·',
        sum => EIGHTHS[((sum * 8).div_ceil(most) as usize).clamp(1, 8) - 1],
    };
    sums.iter().map(height).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_and_sparklines_never_hide_the_little() {
        assert_eq!(bar(1.0, 3), "███");
        assert_eq!(bar(0.5, 3), "█▌");
        assert_eq!(bar(0.000_1, 3), "▏");
        assert_eq!(bar(0.0, 3), "");
        assert_eq!(sparkline(&[0, 1, 500, 1_000], 10), "·▁▄█");
        assert_eq!(sparkline(&[1, 1, 2, 2, 0, 0], 3), "▄█·");
        assert_eq!(sparkline(&[], 3), "");
    }
}
