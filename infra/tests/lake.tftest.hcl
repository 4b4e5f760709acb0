mock_provider "aws" {
  source = "./tests/mocks"
}

run "lake" {
  module {
    source = "./modules/lake"
  }

  variables {
    name        = "fleetcore-test"
    bucket_name = "bucket"
    key_arn     = "arn:aws:kms:eu-central-1:111122223333:key/data"
    protected   = true
  }

  assert {
    condition = {
      for name, table in aws_glue_catalog_table.this : name => lookup(table.parameters, "storage.location.template", "")
      } == {
      parts       = "s3://bucket/fresh/$${ingestion}/"
      rejects     = "s3://bucket/rejects/$${ingestion}/"
      all_parts   = ""
      all_rejects = ""
    }
    error_message = "Partitions are projected from the folders; two tables have none."
  }

  assert {
    condition = alltrue([
      for table in aws_glue_catalog_table.this : alltrue([
        for partition in table.partition_keys : table.parameters["projection.${partition.name}.type"] == "injected" && table.parameters["projection.enabled"] == "true"
      ])
    ])
    error_message = "An ingestion's id is a hash: it is injected by the query."
  }

  assert {
    condition = alltrue([
      for table in aws_glue_catalog_table.this : length(setintersection(
        [for partition in table.partition_keys : partition.name],
        [for column in one(table.storage_descriptor).columns : column.name],
      )) == 0
    ])
    error_message = "No partition is also a column."
  }

  assert {
    condition = (
      one(aws_athena_workgroup.this.configuration).enforce_workgroup_configuration
      && one(one(one(aws_athena_workgroup.this.configuration).result_configuration).encryption_configuration).kms_key_arn == "arn:aws:kms:eu-central-1:111122223333:key/data"
    )
    error_message = "Answers are encrypted with the customer's key, whatever a client asks for."
  }
}
