# SQL over the parts and the rejects as they lie.
#
# Keys are fresh/<ingestion>/<part> and rejects/<ingestion>/<rejects>. An ingestion's id is a hash,
# which no range and no list can foretell, so the partition is injected: a query says which
# ingestions it reads (`WHERE ingestion = '...'` or `IN (...)`; `fleetcore ledger` lists them), and
# nothing has to register partitions. For questions that know no ingestion, `all_parts` and
# `all_rejects` are the same files without partitions: such a query reads every one of them.

locals {
  formats = {
    parquet = {
      input  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
      output = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
      serde  = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    }
    json = {
      input  = "org.apache.hadoop.mapred.TextInputFormat"
      output = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
      serde  = "org.openx.data.jsonserde.JsonSerDe"
    }
  }

  ingestion = { name = "ingestion", type = "string", comment = "the ingestion's id" }

  files = {
    parts = {
      folder = "fresh"
      format = local.formats.parquet
      columns = [
        { name = "vehicle_id", type = "string", comment = null },
        { name = "observed_at", type = "timestamp", comment = "UTC" },
        { name = "latitude", type = "double", comment = null },
        { name = "longitude", type = "double", comment = null },
        { name = "speed_kmh", type = "double", comment = null },
        { name = "heading_deg", type = "double", comment = null },
        { name = "accuracy_m", type = "double", comment = null },
        { name = "battery_pct", type = "double", comment = null },
        { name = "fuel_pct", type = "double", comment = null },
        { name = "status", type = "string", comment = null },
        { name = "city", type = "string", comment = null },
        { name = "source", type = "string", comment = null },
        { name = "distance_from_depot_m", type = "double", comment = null },
        { name = "fingerprint", type = "bigint", comment = "unsigned in the files: from 2^63 on it shows as negative" },
        { name = "line", type = "bigint", comment = "where the row starts in the upload" },
      ]
      # A column of the files, equal to the folder's name; a partition may not share its name with
      # a column, so only the table without partitions has it.
      inside = [local.ingestion]
    }
    rejects = {
      folder = "rejects"
      format = local.formats.json
      columns = [
        { name = "line", type = "bigint", comment = "where the row starts in the upload" },
        { name = "kind", type = "string", comment = "rejected or malformed" },
        { name = "reasons", type = "array<string>", comment = "codes of the rules it broke" },
        { name = "text", type = "string", comment = "the row as it was" },
      ]
      inside = []
    }
  }

  tables = merge(
    { for name, file in local.files : name => merge(file, { partitioned = true }) },
    { for name, file in local.files : "all_${name}" => merge(file, { partitioned = false, columns = concat(file.columns, file.inside) }) },
  )
}

resource "aws_glue_catalog_database" "this" {
  name        = replace(var.name, "-", "_")
  description = "Parts and rejects of ${var.name}"
}

resource "aws_glue_catalog_table" "this" {
  for_each = local.tables

  database_name = aws_glue_catalog_database.this.name
  name          = each.key
  table_type    = "EXTERNAL_TABLE"

  parameters = merge({ EXTERNAL = "TRUE" }, each.value.partitioned ? {
    "projection.enabled"        = "true"
    "projection.ingestion.type" = "injected"
    "storage.location.template" = "s3://${var.bucket_name}/${each.value.folder}/$${ingestion}/"
  } : {})

  dynamic "partition_keys" {
    for_each = each.value.partitioned ? [local.ingestion] : []

    content {
      name    = partition_keys.value.name
      type    = partition_keys.value.type
      comment = partition_keys.value.comment
    }
  }

  storage_descriptor {
    location      = "s3://${var.bucket_name}/${each.value.folder}/"
    input_format  = each.value.format.input
    output_format = each.value.format.output

    ser_de_info {
      serialization_library = each.value.format.serde
    }

    dynamic "columns" {
      for_each = each.value.columns

      content {
        name    = columns.value.name
        type    = columns.value.type
        comment = columns.value.comment
      }
    }
  }
}

resource "aws_athena_workgroup" "this" {
  name          = var.name
  description   = "Questions to parts and rejects"
  force_destroy = !var.protected

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.most_scanned_bytes

    result_configuration {
      output_location = "s3://${var.bucket_name}/athena/"

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = var.key_arn
      }
    }
  }
}
