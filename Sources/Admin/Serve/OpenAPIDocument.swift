import JobCore

/// The interface as OpenAPI 3.1 writes it; served at `/openapi.json`, and kept in docs/openapi.json.
enum OpenAPIDocument {
    static let json: JSONValue = [
        "openapi": "3.1.0",
        "info": [
            "title": "CheckIn Jobs", "version": "1",
            "description": "Enqueues jobs and says where they are. 202 means durable: the job will run.",
            "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
        ],
        "servers": [["url": "/"]],
        "security": [["key": []]],
        "paths": [
            "/v1/jobs/{job}": ["post": enqueue, "get": look],
            "/v1/jobs": ["post": enqueueAll],
            "/v1/queues": ["get": queues],
        ],
        "components": [
            "securitySchemes": [
                "key": ["type": "http", "scheme": "bearer", "description": "Made by `jobctl key create`."]
            ],
            "schemas": schemas,
            "responses": responses,
        ],
    ]

    // MARK: Operations

    private static let name: JSONValue = [
        "name": "job", "in": "path", "required": true, "description": "The job's name, such as notification.email.",
        "schema": jobName,
    ]

    private static let id: JSONValue = [
        "name": "job", "in": "path", "required": true, "description": "The job's id.",
        "schema": ["type": "string", "format": "uuid"],
    ]

    private static let enqueue: JSONValue = [
        "operationId": "enqueue", "summary": "Enqueue a job.",
        "parameters": [
            name,
            [
                "name": "Idempotency-Key", "in": "header", "required": false,
                "description": "For 24 hours the same key with the same body is the same job.",
                "schema": ["type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"],
            ],
            [
                "name": "traceparent", "in": "header", "required": false,
                "description": "W3C trace context, carried to the worker.", "schema": ["type": "string"],
            ],
        ],
        "requestBody": body(["$ref": "#/components/schemas/Job"]),
        "responses": answers(
            [("202", answer("Durable: it will run, as the result says.", ["$ref": "#/components/schemas/Enqueued"]))],
            ["400", "401", "403", "404", "409", "413", "415", "422", "429", "500", "503"]
        ),
    ]

    private static let enqueueAll: JSONValue = [
        "operationId": "enqueueBatch", "summary": .text("Enqueue up to \(JobsAPI.maximumBatch) jobs, each for itself."),
        "requestBody": body([
            "type": "array", "minItems": 1, "maxItems": .int(JobsAPI.maximumBatch),
            "items": ["$ref": "#/components/schemas/NamedJob"],
        ]),
        "responses": answers(
            [
                ("202", answer("All are durable.", ["$ref": "#/components/schemas/Batch"])),
                ("207", answer("Some are not: each says why.", ["$ref": "#/components/schemas/Batch"])),
            ],
            ["400", "401", "413", "415", "422", "500", "503"]
        ),
    ]

    private static let look: JSONValue = [
        "operationId": "job",
        "summary": "Where a job is: waiting, running or dead. One that is ready or done leaves no trace.",
        "parameters": [id],
        "responses": answers(
            [("200", answer("Where it is.", ["$ref": "#/components/schemas/Whereabouts"]))],
            ["401", "404", "422", "500", "503"]
        ),
    ]

    private static let queues: JSONValue = [
        "operationId": "queues", "summary": "Depth and lag of every queue, as `jobctl queues --json` has them.",
        "responses": answers(
            [("200", answer("All queues and lanes.", ["type": "array", "items": ["type": "object"]]))],
            ["401", "403", "500", "503"]
        ),
    ]

    // MARK: Parts

    private static func body(_ schema: JSONValue) -> JSONValue {
        ["required": true, "content": ["application/json": ["schema": schema]]]
    }

    private static func answer(_ text: String, _ schema: JSONValue) -> JSONValue {
        ["description": .text(text), "content": ["application/json": ["schema": schema]]]
    }

    private static func answers(_ good: [(String, JSONValue)], _ problems: [String]) -> JSONValue {
        let known = problems.map { code -> (key: String, value: JSONValue) in
            (code, ["$ref": .text("#/components/responses/Problem\(code)")])
        }
        return .object(good.map { (key: $0.0, value: $0.1) } + known)
    }

    private static let responses: JSONValue = .object(
        [
            ("400", "The body is not JSON."), ("401", "No valid key."), ("403", "The key may not do this."),
            ("404", "No queue takes this name, or no such job is known."),
            ("409", "A request with this Idempotency-Key is under way."), ("413", "The body is too large."),
            ("415", "The body is not said to be application/json."),
            ("422", "A member is wrong; `field` names it."), ("429", "The queue is full: try again after Retry-After."),
            ("500", "The platform failed."), ("503", "Broker or store takes nothing now: try again after Retry-After."),
        ].map { code, text -> (key: String, value: JSONValue) in
            var response: [(key: String, value: JSONValue)] = [
                ("description", .text(text)),
                ("content", ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]]),
            ]
            if ["409", "429", "503"].contains(code) {
                response.append(
                    (
                        "headers",
                        ["Retry-After": ["description": "Seconds.", "schema": ["type": "integer", "minimum": 1]]]
                    )
                )
            }
            return ("Problem\(code)", .object(response))
        }
    )

    private static let jobName: JSONValue = [
        "type": "string", "maxLength": 100, "pattern": "^[a-z0-9_]+([.][a-z0-9_]+){1,5}$",
    ]

    private static func milliseconds(_ text: String, minimum: Int = 1) -> JSONValue {
        [
            "type": ["integer", "null"], "minimum": .int(minimum), "maximum": .int(EnqueueFields.longest),
            "description": .text(text),
        ]
    }

    private static func key(_ text: String) -> JSONValue {
        [
            "type": ["string", "null"], "minLength": 1, "maxLength": .int(Admission.maximumKeyBytes),
            "description": .text(text),
        ]
    }

    private static func choice(_ words: [String], _ text: String) -> JSONValue {
        ["enum": .array(words.map { .text($0) } + [.null]), "description": .text(text)]
    }

    private static let members: [(key: String, value: JSONValue)] = [
        (
            "payload",
            ["description": "Any JSON: at most 1 MiB, nested 32 deep. Unknown members are the worker's matter."]
        ),
        ("id", ["type": ["string", "null"], "format": "uuid", "description": "Your own, to enqueue again with."]),
        ("lane", choice(Lane.allCases.map(\.rawValue), "Another lane than the type's own.")),
        ("delay_ms", milliseconds("Not before this long from now.", minimum: 0)),
        (
            "expires_at_ms",
            [
                "type": ["integer", "null"], "minimum": 0, "maximum": .int(Timestamp.latest.milliseconds),
                "description": "Not worth running after this instant, in ms since 1970.",
            ]
        ),
        (
            "version",
            ["type": ["integer", "null"], "minimum": 1, "maximum": 1_000_000, "description": "Of the payload."]
        ),
        ("traceparent", ["type": ["string", "null"], "maxLength": 512, "description": "W3C trace context."]),
        ("debounce_key", key("Run once when nothing else with this key came for debounce_ms, with the last payload.")),
        ("debounce_ms", milliseconds("Goes with debounce_key.")),
        ("debounce_max_ms", milliseconds("This long after the first one at the latest.")),
        (
            "debounce_leading",
            ["type": ["boolean", "null"], "description": "The first after a quiet time runs at once."]
        ),
        ("throttle_key", key("Run at once, and then once in throttle_ms at most.")),
        ("throttle_ms", milliseconds("Goes with throttle_key.")),
        ("unique_key", key("Do not run while another job of the name has this key.")),
        ("unique_mode", choice(UniqueMode.allCases.map(\.rawValue), "When the key is free again.")),
        ("unique_ms", milliseconds("How long the key is held at most; 24 hours if not given.")),
    ]

    private static func job(requiring required: [String]) -> JSONValue {
        [
            "type": "object", "required": .array(required.map { .text($0) }), "additionalProperties": false,
            "properties": .object(members + [("name", jobName)]),
        ]
    }

    private static let uuid: JSONValue = ["type": "string", "format": "uuid"]

    private static let schemas: JSONValue = [
        "Job": job(requiring: ["payload"]),
        "NamedJob": job(requiring: ["name", "payload"]),
        "Enqueued": [
            "type": "object", "required": ["id", "result", "of"],
            "properties": [
                "id": uuid, "result": ["enum": ["enqueued", "coalesced", "duplicate"]],
                "of": [
                    "type": ["string", "null"], "format": "uuid", "description": "The job that runs in its place.",
                ],
            ],
        ],
        "Batch": [
            "type": "object", "required": ["jobs"],
            "properties": [
                "jobs": [
                    "type": "array",
                    "items": [
                        "oneOf": [
                            ["$ref": "#/components/schemas/Enqueued"],
                            [
                                "type": "object", "required": ["problem"],
                                "properties": ["problem": ["$ref": "#/components/schemas/Problem"]],
                            ],
                        ]
                    ],
                ]
            ],
        ],
        "Whereabouts": [
            "type": "object", "required": ["id", "name", "state"],
            "properties": [
                "id": uuid, "name": ["type": "string"],
                "state": ["enum": ["waiting", "running", "dead", "replayed", "purged", "drained", "cancelled"]],
                "attempt": ["type": ["integer", "null"]],
                "due_at": ["type": ["string", "null"], "format": "date-time"],
                "error": ["type": ["string", "null"]],
            ],
        ],
        "Problem": [
            "type": "object", "required": ["type", "title", "status", "detail"],
            "properties": [
                "type": ["type": "string"], "title": ["type": "string"], "status": ["type": "integer"],
                "detail": ["type": "string"], "field": ["type": "string"], "id": uuid,
                "retry_after_seconds": ["type": "number"],
            ],
        ],
    ]
}
