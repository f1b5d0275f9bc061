import CRabbitMQ

/// Memory for what one send needs in C form, given back all at once: librabbitmq's own pool, so nothing is allocated
/// per message once its pages exist. Pointers from it are valid until the next `recycle`.
struct Arena: ~Copyable {
    private let pool: UnsafeMutablePointer<amqp_pool_t>

    init() {
        pool = .allocate(capacity: 1)
        init_amqp_pool(pool, 65_536)
    }

    deinit {
        empty_amqp_pool(pool)
        pool.deallocate()
    }

    func recycle() { recycle_amqp_pool(pool) }

    func bytes(_ string: String) -> amqp_bytes_t {
        var string = string
        return string.withUTF8 { copy(UnsafeRawBufferPointer($0)) }
    }

    func bytes(_ bytes: [UInt8]) -> amqp_bytes_t { bytes.withUnsafeBytes { copy($0) } }

    private func copy(_ source: UnsafeRawBufferPointer) -> amqp_bytes_t {
        guard let base = source.baseAddress, source.count > 0, let memory = amqp_pool_alloc(pool, source.count) else {
            return amqp_bytes_t(len: 0, bytes: nil)
        }
        memory.copyMemory(from: base, byteCount: source.count)
        return amqp_bytes_t(len: source.count, bytes: memory)
    }

    private func array<T>(of type: T.Type, count: Int) -> UnsafeMutablePointer<T>? {
        guard count > 0 else { return nil }
        return amqp_pool_alloc(pool, count * MemoryLayout<T>.stride)?.bindMemory(to: type, capacity: count)
    }

    func table(_ table: AMQPTable) -> amqp_table_t {
        guard let entries = array(of: amqp_table_entry_t.self, count: table.entries.count) else {
            return amqp_table_t(num_entries: 0, entries: nil)
        }
        for (index, entry) in table.entries.enumerated() {
            (entries + index).initialize(to: amqp_table_entry_t(key: bytes(entry.key), value: value(entry.value)))
        }
        return amqp_table_t(num_entries: Int32(clamping: table.entries.count), entries: entries)
    }

    private func array(_ values: [AMQPValue]) -> amqp_array_t {
        guard let entries = array(of: amqp_field_value_t.self, count: values.count) else {
            return amqp_array_t(num_entries: 0, entries: nil)
        }
        for (index, element) in values.enumerated() { (entries + index).initialize(to: value(element)) }
        return amqp_array_t(num_entries: Int32(clamping: values.count), entries: entries)
    }

    private func value(_ value: AMQPValue) -> amqp_field_value_t {
        var field = amqp_field_value_t()
        func set(_ kind: amqp_field_value_kind_t) { field.kind = UInt8(truncatingIfNeeded: kind.rawValue) }
        switch value {
        case .bool(let value):
            set(AMQP_FIELD_KIND_BOOLEAN)
            field.value.boolean = value ? 1 : 0
        case .int8(let value):
            set(AMQP_FIELD_KIND_I8)
            field.value.i8 = value
        case .int16(let value):
            set(AMQP_FIELD_KIND_I16)
            field.value.i16 = value
        case .int32(let value):
            set(AMQP_FIELD_KIND_I32)
            field.value.i32 = value
        case .int64(let value):
            set(AMQP_FIELD_KIND_I64)
            field.value.i64 = value
        case .uint8(let value):
            set(AMQP_FIELD_KIND_U8)
            field.value.u8 = value
        case .uint16(let value):
            set(AMQP_FIELD_KIND_U16)
            field.value.u16 = value
        case .uint32(let value):
            set(AMQP_FIELD_KIND_U32)
            field.value.u32 = value
        case .uint64(let value):
            set(AMQP_FIELD_KIND_U64)
            field.value.u64 = value
        case .float(let value):
            set(AMQP_FIELD_KIND_F32)
            field.value.f32 = value
        case .double(let value):
            set(AMQP_FIELD_KIND_F64)
            field.value.f64 = value
        case .decimal(let scale, let value):
            set(AMQP_FIELD_KIND_DECIMAL)
            field.value.decimal = amqp_decimal_t(decimals: scale, value: value)
        case .string(let value):
            set(AMQP_FIELD_KIND_UTF8)
            field.value.bytes = bytes(value)
        case .bytes(let value):
            set(AMQP_FIELD_KIND_BYTES)
            field.value.bytes = bytes(value)
        case .array(let values):
            set(AMQP_FIELD_KIND_ARRAY)
            field.value.array = array(values)
        case .table(let value):
            set(AMQP_FIELD_KIND_TABLE)
            field.value.table = table(value)
        case .timestamp(let value):
            set(AMQP_FIELD_KIND_TIMESTAMP)
            field.value.u64 = value
        case .void:
            set(AMQP_FIELD_KIND_VOID)
        }
        return field
    }

    /// - Parameter sequence: added as header `x-publish-sequence`, for messages without an id of their own.
    func properties(_ source: AMQPProperties, sequence: UInt64?) -> amqp_basic_properties_t {
        var target = amqp_basic_properties_t()
        var flags: UInt32 = 0
        func set(_ flag: Int32, _ string: String?, _ field: inout amqp_bytes_t) {
            guard let string else { return }
            flags |= UInt32(flag)
            field = bytes(string)
        }
        set(AMQP_BASIC_CONTENT_TYPE_FLAG, source.contentType, &target.content_type)
        set(AMQP_BASIC_CONTENT_ENCODING_FLAG, source.contentEncoding, &target.content_encoding)
        set(AMQP_BASIC_CORRELATION_ID_FLAG, source.correlationID, &target.correlation_id)
        set(AMQP_BASIC_REPLY_TO_FLAG, source.replyTo, &target.reply_to)
        set(AMQP_BASIC_EXPIRATION_FLAG, source.expiration, &target.expiration)
        set(AMQP_BASIC_MESSAGE_ID_FLAG, source.messageID, &target.message_id)
        set(AMQP_BASIC_TYPE_FLAG, source.type, &target.type)
        set(AMQP_BASIC_USER_ID_FLAG, source.userID, &target.user_id)
        set(AMQP_BASIC_APP_ID_FLAG, source.appID, &target.app_id)
        target._flags = flags
        if let mode = source.deliveryMode {
            target._flags |= UInt32(AMQP_BASIC_DELIVERY_MODE_FLAG)
            target.delivery_mode = mode
        }
        if let priority = source.priority {
            target._flags |= UInt32(AMQP_BASIC_PRIORITY_FLAG)
            target.priority = priority
        }
        if let timestamp = source.timestamp {
            target._flags |= UInt32(AMQP_BASIC_TIMESTAMP_FLAG)
            target.timestamp = timestamp
        }
        var headers = source.headers
        if let sequence {
            headers = headers ?? AMQPTable()
            headers?[ReturnMatch.sequenceHeader] = .int64(Int64(clamping: sequence))
        }
        if let headers {
            target._flags |= UInt32(AMQP_BASIC_HEADERS_FLAG)
            target.headers = table(headers)
        }
        return target
    }
}
