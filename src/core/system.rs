//! The products, and what they are called.

/// The four products.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum System {
    /// RSA / SecurID Governance & Lifecycle.
    GovernanceLifecycle,
    /// SD Elements.
    SdElements,
    /// Sectona PAM.
    Sectona,
    /// Agent APIs for Bamboo.
    BambooAgents,
}

impl System {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::GovernanceLifecycle,
        Self::SdElements,
        Self::Sectona,
        Self::BambooAgents,
    ];

    /// Finds a product by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|system| system.name() == name)
    }

    /// The name used in errors, events, loggers and the sandbox.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GovernanceLifecycle => "governance_lifecycle",
            Self::SdElements => "sd_elements",
            Self::Sectona => "sectona",
            Self::BambooAgents => "bamboo_agents",
        }
    }

    /// The product's name as its vendor writes it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::GovernanceLifecycle => "Governance & Lifecycle",
            Self::SdElements => "SD Elements",
            Self::Sectona => "Sectona",
            Self::BambooAgents => "Agent APIs for Bamboo",
        }
    }
}
