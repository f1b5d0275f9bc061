extension Store {
    /// The platform's own tables; families have others.
    package static let platformTables: Set<String> = [
        "alert_silences", "alerts", "api_keys", "audit", "audit_head", "breaker_counts", "breakers", "checkpoints",
        "dead_letters", "debounces", "effects_0", "effects_1", "effects_2", "effects_3", "enqueue_requests",
        "flow_samples", "latency_counts", "leases", "letter_originals", "limit_settings", "limit_slots", "limit_states",
        "loops", "marks_0", "marks_1", "marks_2", "marks_3", "operations", "probe_effects", "queue_controls",
        "queue_counts", "queue_heads", "replays", "routes", "schedule_fires", "schedules", "schema_migrations",
        "unique_keys", "waiting", "workers",
    ]
}
