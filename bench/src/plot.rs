//! Small plots as SVG, readable on light and on dark pages.

use std::fmt::Write as _;

/// One line of a plot.
pub struct Series {
    /// What it stands for.
    pub name: String,
    /// Its colour, told apart on light and dark ground.
    pub colour: &'static str,
    /// A line that is only there to compare with is dashed.
    pub is_dashed: bool,
    /// Its points, from left to right.
    pub points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 36.0;
const TOP: f64 = 76.0;
const BOTTOM: f64 = 48.0;

const STYLE: &str = "<style>\
    text{font:13px system-ui,sans-serif;fill:#3b4252}\
    .title{font-size:16px;font-weight:600}\
    .grid{stroke:#8888;stroke-width:.5}\
    .ground{fill:#fff}\
    @media(prefers-color-scheme:dark){text{fill:#d8dee9}.ground{fill:#0d1117}}\
    </style>";

/// Lines over a linear horizontal and a logarithmic vertical axis.
pub fn lines(title: &str, x_name: &str, y_unit: &str, series: &[Series]) -> String {
    let points = || series.iter().flat_map(|series| &series.points);
    let x_max = points().map(|point| point.0).fold(1.0, f64::max);
    let ticks = log_ticks(
        points().map(|point| point.1).fold(f64::INFINITY, f64::min),
        points().map(|point| point.1).fold(0.0, f64::max),
    );
    let (y_min, y_max) = (ticks[0], ticks[ticks.len() - 1]);
    let x_of = |x: f64| LEFT + (WIDTH - LEFT - RIGHT) * x / x_max;
    let y_of = |y: f64| HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (y / y_min).ln() / (y_max / y_min).ln();

    let mut svg = begin(title, HEIGHT);
    for tick in &ticks {
        let y = y_of(*tick);
        line(&mut svg, (LEFT, y), (WIDTH - RIGHT, y));
        text(&mut svg, LEFT - 8.0, y + 4.0, "end", &format!("{tick}"));
    }
    text(&mut svg, LEFT - 8.0, TOP - 14.0, "end", y_unit);
    let mut labelled: Vec<f64> = points().map(|point| point.0).collect();
    labelled.sort_by(f64::total_cmp);
    labelled.dedup();
    for x in labelled {
        text(&mut svg, x_of(x), HEIGHT - BOTTOM + 20.0, "middle", &thousands(x));
    }
    text(&mut svg, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 8.0, "middle", x_name);

    let mut legend_x = LEFT;
    for Series { name, colour, is_dashed, points } in series {
        let dash = if *is_dashed { " stroke-dasharray=\"6 4\"" } else { "" };
        let path: Vec<String> =
            points.iter().map(|(x, y)| format!("{:.1},{:.1}", x_of(*x), y_of(*y))).collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.5\"{dash}/>",
            path.join(" ")
        );
        for (x, y) in points {
            let (x, y) = (x_of(*x), y_of(*y));
            let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{colour}\"/>");
        }
        let end = legend_x + 22.0;
        let _ = writeln!(
            svg,
            "<path d=\"M{legend_x:.0} 44H{end:.0}\" stroke=\"{colour}\" stroke-width=\"2.5\"{dash}/>"
        );
        text(&mut svg, end + 6.0, 48.0, "start", name);
        legend_x = end + 26.0 + 7.2 * width_of(name);
    }
    svg + "</svg>\n"
}

/// Lines over the minutes of a run, on a vertical axis that begins at zero: what grows shows.
pub fn timeline(title: &str, y_unit: &str, series: &[Series]) -> String {
    let points = || series.iter().flat_map(|series| &series.points);
    let x_max = points().map(|point| point.0).fold(f64::MIN_POSITIVE, f64::max);
    let y_step = step(points().map(|point| point.1).fold(f64::MIN_POSITIVE, f64::max));
    let y_max = y_step * (points().map(|point| point.1).fold(y_step, f64::max) / y_step).ceil();
    let x_of = |x: f64| LEFT + (WIDTH - LEFT - RIGHT) * x / x_max;
    let y_of = |y: f64| HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * y / y_max;

    let mut svg = begin(title, HEIGHT);
    for tick in multiples(y_step, y_max) {
        line(&mut svg, (LEFT, y_of(tick)), (WIDTH - RIGHT, y_of(tick)));
        text(&mut svg, LEFT - 8.0, y_of(tick) + 4.0, "end", &shortest(tick));
    }
    text(&mut svg, LEFT - 8.0, TOP - 14.0, "end", y_unit);
    for tick in multiples(step(x_max), x_max) {
        text(&mut svg, x_of(tick), HEIGHT - BOTTOM + 20.0, "middle", &shortest(tick));
    }
    text(&mut svg, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 8.0, "middle", "minutes");
    let mut legend_x = LEFT;
    for Series { name, colour, points, .. } in series {
        let path: Vec<String> =
            points.iter().map(|(x, y)| format!("{:.1},{:.1}", x_of(*x), y_of(*y))).collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>",
            path.join(" ")
        );
        let end = legend_x + 22.0;
        let _ = writeln!(
            svg,
            "<path d=\"M{legend_x:.0} 44H{end:.0}\" stroke=\"{colour}\" stroke-width=\"2.5\"/>"
        );
        text(&mut svg, end + 6.0, 48.0, "start", name);
        legend_x = end + 26.0 + 7.2 * width_of(name);
    }
    svg + "</svg>\n"
}

/// Of 1, 2, 5, 10 … the one that divides up to `max` into at most 6 parts.
fn step(max: f64) -> f64 {
    let decade = 10_f64.powf((max / 10.0).log10().floor());
    [1.0, 2.0, 5.0, 10.0, 20.0].iter().map(|step| step * decade).find(|step| max / step <= 6.0).unwrap_or(max)
}

fn multiples(step: f64, max: f64) -> impl Iterator<Item = f64> {
    (0..=20).map(move |count| f64::from(count) * step).take_while(move |value| *value <= max * 1.001)
}

fn shortest(number: f64) -> String {
    format!("{}", (number * 1e6).round() / 1e6)
}

/// Horizontal bars on a linear axis, each with its value.
pub fn bars(title: &str, unit: &str, bars: &[(String, &'static str, f64)]) -> String {
    const BAR: f64 = 26.0;
    const NAMES: f64 = 230.0;
    let most = bars.iter().map(|bar| bar.2).fold(f64::MIN_POSITIVE, f64::max);
    let mut y = 44.0;
    let mut svg = begin(title, y + (BAR + 8.0) * f64::from(u32::try_from(bars.len()).unwrap_or(0)) + 8.0);
    for (name, colour, value) in bars {
        let length = (WIDTH - NAMES - 120.0) * value / most;
        text(&mut svg, NAMES - 10.0, y + 18.0, "end", name);
        let _ = writeln!(
            svg,
            "<rect x=\"{NAMES}\" y=\"{y}\" width=\"{length:.1}\" height=\"{BAR}\" rx=\"3\" fill=\"{colour}\"/>"
        );
        text(&mut svg, NAMES + length + 8.0, y + 18.0, "start", &format!("{value:.1} {unit}"));
        y += BAR + 8.0;
    }
    svg + "</svg>\n"
}

fn begin(title: &str, height: f64) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\" aria-label=\"{title}\">\n<!-- Written by notifyhub-bench. -->\n{STYLE}\n\
         <rect class=\"ground\" width=\"100%\" height=\"100%\" rx=\"6\"/>\n"
    );
    let _ = writeln!(svg, "<text class=\"title\" x=\"16\" y=\"24\">{title}</text>");
    svg
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64)) {
    let _ = writeln!(
        svg,
        "<line class=\"grid\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>",
        from.0, from.1, to.0, to.1
    );
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>");
}

fn width_of(text: &str) -> f64 {
    f64::from(u32::try_from(text.chars().count()).unwrap_or(0))
}

/// The steps 1, 2, 5, 10 … from the last one below `min` to the first one above `max`.
fn log_ticks(min: f64, max: f64) -> Vec<f64> {
    let decade = 10_f64.powf(min.max(1e-3).log10().floor());
    let steps: Vec<f64> = [1.0, 10.0, 100.0, 1e3, 1e4, 1e5]
        .iter()
        .flat_map(|d| [1.0, 2.0, 5.0].map(|s| s * d * decade))
        .collect();
    let first = steps.iter().rposition(|step| *step <= min).unwrap_or(0);
    let last = steps.iter().position(|step| *step >= max).unwrap_or(steps.len() - 1).max(first + 1);
    steps[first..=last].iter().map(|step| (step * 1e6).round() / 1e6).collect()
}

fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    match digits.len() {
        4.. => format!("{},{}", &digits[..digits.len() - 3], &digits[digits.len() - 3..]),
        _ => digits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_a_handful_of_round_steps() {
        for (max, expected) in
            [(30.0, 5.0), (60.0, 10.0), (7.3, 2.0), (0.4, 0.1), (180.0, 50.0), (130_000.0, 50_000.0)]
        {
            assert!((step(max) - expected).abs() < 1e-9, "{max}: {}", step(max));
        }
        assert_eq!(multiples(5.0, 12.0).collect::<Vec<_>>(), [0.0, 5.0, 10.0]);
    }

    #[test]
    fn ticks_enclose_the_values() {
        assert_eq!(log_ticks(7.0, 60.0), [5.0, 10.0, 20.0, 50.0, 100.0]);
        assert_eq!(log_ticks(10.0, 10.0), [10.0, 20.0]);
        assert_eq!(log_ticks(0.15, 0.3), [0.1, 0.2, 0.5]);
    }
}
