# What the function may do: `var.statements`, and what Lambda itself does in its name.

locals {
  lambda_statements = [
    {
      Sid      = "Log"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = ["${aws_cloudwatch_log_group.this.arn}:*"]
    },
    # X-Ray has no resources to name.
    {
      Sid      = "Trace"
      Effect   = "Allow"
      Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      Resource = ["*"]
    },
    {
      Sid    = "Consume"
      Effect = "Allow"
      Action = [
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
      ]
      Resource = [for mapping in var.mappings : mapping.queue_arn]
    },
  ]

  # Lambda wants these on every resource: the interfaces it makes have no names before.
  network_statements = [
    for network in var.network[*] : {
      Sid    = "JoinNetwork"
      Effect = "Allow"
      Action = [
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
      ]
      Resource = ["*"]
    }
  ]

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      local.lambda_statements,
      local.network_statements,
      [for statement in var.statements : merge(statement, { Effect = "Allow" })],
    )
  })
}

resource "aws_iam_role" "this" {
  count = local.own_role ? 1 : 0

  name = var.name
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = "lambda.amazonaws.com" }
        Action    = "sts:AssumeRole"
      },
    ]
  })
}

resource "aws_iam_role_policy" "this" {
  count = local.own_role ? 1 : 0

  name   = "handler"
  role   = aws_iam_role.this[0].id
  policy = local.policy
}
