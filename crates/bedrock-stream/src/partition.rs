//! AWS's partitions: groups of regions under one DNS suffix.

/// A group of regions with domains of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Partition {
    /// What its regions' names begin with.
    prefix: &'static str,
    /// The domain of its endpoints.
    pub(crate) suffix: &'static str,
    /// The domain of its endpoints that have IPv6 addresses too.
    pub(crate) dual_stack_suffix: Option<&'static str>,
}

/// The service model's partitions, the most particular prefix first. The last takes all other regions.
const PARTITIONS: [Partition; 8] = [
    Partition {
        prefix: "cn-",
        suffix: "amazonaws.com.cn",
        dual_stack_suffix: Some("api.amazonwebservices.com.cn"),
    },
    Partition {
        prefix: "eusc-",
        suffix: "amazonaws.eu",
        dual_stack_suffix: Some("api.amazonwebservices.eu"),
    },
    Partition {
        prefix: "us-iso-",
        suffix: "c2s.ic.gov",
        dual_stack_suffix: None,
    },
    Partition {
        prefix: "us-isob-",
        suffix: "sc2s.sgov.gov",
        dual_stack_suffix: None,
    },
    Partition {
        prefix: "eu-isoe-",
        suffix: "cloud.adc-e.uk",
        dual_stack_suffix: None,
    },
    Partition {
        prefix: "us-isof-",
        suffix: "csp.hci.ic.gov",
        dual_stack_suffix: None,
    },
    Partition {
        prefix: "us-gov-",
        ..AWS
    },
    AWS,
];

const AWS: Partition = Partition {
    prefix: "",
    suffix: "amazonaws.com",
    dual_stack_suffix: Some("api.aws"),
};

impl Partition {
    /// The partition that a region belongs to; new regions are taken for public ones.
    pub(crate) fn of_region(region: &str) -> Self {
        let mut known = PARTITIONS.into_iter();
        known
            .find(|partition| region.starts_with(partition.prefix))
            .unwrap_or(AWS)
    }
}
