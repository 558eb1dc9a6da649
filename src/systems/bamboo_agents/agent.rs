//! What the plugin tells of build agents.
//!
//! <https://eddiewebb.atlassian.net/wiki/pages/viewpage.action?pageId=23986190>

use crate::core::lenient;
use crate::record;

record! {
    /// An agent as the list of all agents has it. No page of the vendor's has that list.
    pub struct Agent {
        required {
            /// Its id in Bamboo.
            id: i64 = "id" => lenient::integer,
        }
        optional {
            /// Its name.
            name: String = "name" => lenient::text,
            /// Whether it takes builds.
            enabled: bool = "enabled" => lenient::flag,
            /// Whether it builds something.
            busy: bool = "busy" => lenient::flag,
            /// Whether it is connected.
            online: bool = "online" => lenient::flag,
        }
        set {}
    }
}

record! {
    /// Whether an agent takes builds, and whether it builds something. The text form has no name.
    pub struct AgentState {
        required {
            /// Its id in Bamboo.
            id: i64 = "id" => lenient::integer,
            /// Whether it takes builds. A disabled agent ends those that run.
            enabled: bool = "enabled" => lenient::flag,
        }
        optional {
            /// Its name.
            name: String = "name" => lenient::text,
            /// Whether it builds something.
            busy: bool = "busy" => lenient::flag,
        }
        set {}
    }
}

record! {
    /// Something that an agent has of its own; what all agents share is not told.
    pub struct Capability {
        required {
            /// What it is, such as `system.builder.command.ssh`.
            key: String = "key" => lenient::text,
        }
        optional {
            /// Where it is, or its version.
            value: String = "value" => lenient::text,
        }
        set {}
    }
}
