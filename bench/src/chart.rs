//! A bar chart, as SVG.

use crate::{Fallible, report::number, statistics::Samples};
use plotters::prelude::*;
use std::path::Path;

/// Bars, each with its spread, on a logarithmic axis, since the compared figures differ by powers of ten.
#[derive(Clone, Debug)]
pub(crate) struct Chart {
    /// Title: the measured quantity, with its unit.
    pub(crate) title: &'static str,
    /// The bars, from the top.
    pub(crate) bars: Vec<Bar>,
}

/// One bar.
#[derive(Clone, Debug)]
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) samples: Samples,
    /// Whether it is Chatterbox's, and not a baseline's.
    pub(crate) is_ours: bool,
}

impl Bar {
    /// A bar of Chatterbox's.
    pub(crate) fn ours(name: impl Into<String>, samples: Samples) -> Bar {
        Bar {
            name: name.into(),
            samples,
            is_ours: true,
        }
    }

    /// A baseline's bar.
    pub(crate) fn baseline(name: impl Into<String>, samples: Samples) -> Bar {
        Bar {
            name: name.into(),
            samples,
            is_ours: false,
        }
    }
}

const WIDTH: u32 = 800;
const BAR: u32 = 34;
const OURS: RGBColor = RGBColor(0xd9, 0x4f, 0x1e);
const BASELINE: RGBColor = RGBColor(0x7a, 0x8a, 0x99);

impl Chart {
    /// Draws it into a file.
    pub(crate) fn draw(&self, file: &Path) -> Fallible<()> {
        self.draw_into(file)
            .map_err(|error| format!("{}: {error}", file.display()).into())
    }

    fn draw_into(&self, file: &Path) -> Result<(), Box<dyn std::error::Error>> {
        let bars: Vec<_> = self.bars.iter().filter(|bar| bar.samples.median() > 0.0).collect();
        let count = u32::try_from(bars.len())?;
        let area = SVGBackend::new(file, (WIDTH, 90 + BAR * count)).into_drawing_area();
        area.fill(&WHITE)?;
        let least = bars
            .iter()
            .map(|bar| bar.samples.spread().0)
            .fold(f64::INFINITY, f64::min);
        let most = bars.iter().map(|bar| bar.samples.spread().1).fold(0.0, f64::max);
        let (start, end) = (10f64.powf(least.log10().floor()), most * 3.0);
        let rows = f64::from(count);
        let mut chart = ChartBuilder::on(&area)
            .caption(self.title, ("sans-serif", 18))
            .margin(10)
            .x_label_area_size(30)
            .y_label_area_size(220)
            .build_cartesian_2d((start..end).log_scale(), 0.0..rows)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .y_labels(0)
            .x_labels(6)
            .x_label_formatter(&|figure| number(*figure))
            .draw()?;
        for (n, bar) in bars.iter().enumerate() {
            let middle = rows - f64::from(u32::try_from(n)?) - 0.5;
            let median = bar.samples.median();
            let colour = if bar.is_ours { OURS } else { BASELINE };
            let body = Rectangle::new([(start, middle - 0.32), (median, middle + 0.32)], colour.filled());
            let (low, high) = bar.samples.spread();
            let spread = PathElement::new([(low, middle), (high, middle)], BLACK.stroke_width(1));
            chart.plotting_area().draw(&body)?;
            chart.plotting_area().draw(&spread)?;
            let (_, y) = chart.backend_coord(&(start, middle));
            let (x, _) = chart.backend_coord(&(high.max(median), middle));
            let style = ("sans-serif", 14).into_font();
            area.draw(&Text::new(number(median), (x + 6, y - 7), style.clone()))?;
            area.draw(&Text::new(bar.name.clone(), (12, y - 7), style))?;
        }
        area.present()?;
        Ok(())
    }
}
