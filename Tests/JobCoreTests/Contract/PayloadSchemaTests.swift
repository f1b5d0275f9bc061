import Foundation
import Testing

@testable import JobCore

@Suite struct `A payload's schema` {
    enum Size: String, Codable, CaseIterable { case small, large }

    /// A text or a number, as a producer likes.
    enum Loose: Codable {
        case text(String)
        case number(Int)

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let number = try? value.decode(Int.self) {
                self = .number(number)
            } else {
                self = .text(try value.decode(String.self))
            }
        }

        func encode(to encoder: any Encoder) throws {}
    }

    struct Place: Codable {
        var latitude: Double
        var accuracy: Double?
    }

    struct Sync: Job {
        static let name: JobName = "venue.sync"
        var venueID: Int64
        var size: Size?
        var place: Place
        var photoURLs: [URL]
        var at: Date?
        var labels: [String: Loose]?
        var note: String?
        var other: Place?
    }

    private func schema(_ example: String) throws -> PayloadSchema {
        try SchemaRecorder.schema(of: Sync.self, example: Array(example.utf8))
    }

    private static let example = """
        {"venue_id": 1, "size": "small", "place": {"latitude": 1}, "photo_urls": ["https://a.example/1"],
         "at": "2026-11-27T00:00:00Z", "labels": {"a": "x", "b": 2}, "unread": true}
        """

    @Test func `is what the Swift type reads`() throws {
        let schema = try schema(Self.example)
        #expect(schema.kinds == [.object])
        #expect(schema.required == ["venue_id", "place", "photo_urls"])
        #expect(
            Set(schema.properties.keys)
                == ["venue_id", "size", "place", "photo_urls", "at", "labels", "note", "other"]
        )
        #expect(schema.properties["venue_id"]?.kinds == [.integer])
        #expect(schema.properties["note"]?.kinds == [.null, .string], "also without an example")
        #expect(schema.properties["size"]?.values == ["large", "small"])
        #expect(schema.properties["at"]?.format == "date-time")
        let place = try #require(schema.properties["place"])
        #expect(place.required == ["latitude"] && place.properties["accuracy"]?.kinds == [.null, .number])
        guard case .schema(let photo) = schema.properties["photo_urls"]?.element else { return #expect(Bool(false)) }
        #expect(photo.format == "uri")
        guard case .schema(let label) = schema.properties["labels"]?.freeValues else { return #expect(Bool(false)) }
        #expect(label.kinds == [.integer, .string])
        #expect(schema.properties["other"]?.kinds == [], "of what no example shows nothing is said")
    }

    @Test func `refuses an example that its type does not read`() {
        #expect(throws: DecodingError.self) { _ = try schema(#"{"venue_id": "1"}"#) }
        #expect(throws: DecodingError.self) { _ = try schema(#"{"place": {}}"#) }
    }

    private func described(_ example: String) throws -> PayloadSchema {
        try PayloadSchema(example: Array(example.utf8))
    }

    @Test func `of several examples allows what each shows`() throws {
        var schema = try described(#"{"a": 1, "b": "x"}"#)
        schema.merge(try described(#"{"a": 1.5, "c": [null, true]}"#))
        #expect(schema.required == ["a"])
        #expect(schema.properties["a"]?.kinds == [.integer, .number])
        #expect(schema.properties["c"]?.element == .schema(PayloadSchema([.null, .boolean])))
    }

    @Test func `breaks what an older one allows when it wants more or takes less`() throws {
        let old = try schema(Self.example)
        func broken(_ change: (inout PayloadSchema) -> Void) -> [String] {
            var new = old
            change(&new)
            return new.refusals(of: old)
        }
        #expect(broken { _ in } == [])
        #expect(broken { $0.required.insert("size") } == ["payload.size must be there now"])
        #expect(broken { $0.required.remove("venue_id") } == [])
        #expect(
            broken { $0.properties["venue_id"]?.kinds = [.string] } == ["payload.venue_id may no longer be integer"]
        )
        #expect(broken { $0.properties["venue_id"]?.kinds = [.number] } == [], "a number is wider")
        #expect(broken { $0.properties["size"]?.values = ["small"] } == ["payload.size may no longer be \"large\""])
        #expect(broken { $0.properties["size"]?.values = nil } == [])
        #expect(
            broken { $0.properties["note"]?.values = ["a"] } == ["payload.note may no longer be any text, only a"]
        )
        #expect(
            broken { $0.properties["place"]?.required.insert("accuracy") }
                == ["payload.place.accuracy must be there now"]
        )
        #expect(broken { $0.properties["note"] = nil } == [], "unknown fields are ignored")
        var less = old
        less.properties["note"] = nil
        #expect(less.forgotten(of: old) == ["payload.note"])
    }
}
