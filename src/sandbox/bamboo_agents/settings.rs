//! What Bamboo's administrators set about maintenance.

/// The settings of the plugin's page in the administration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaintenanceSettings {
    /// Whether agents may be worked on; if not, the state of the page is STABLE.
    pub allowed: bool,
    /// So many agents may be away at a time.
    pub max_away: usize,
}

impl Default for MaintenanceSettings {
    fn default() -> Self {
        Self {
            allowed: true,
            max_away: 1,
        }
    }
}
