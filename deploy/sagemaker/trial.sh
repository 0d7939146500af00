#!/usr/bin/env bash
# Everything that a trial on AWS needs, once: a stack with a bucket, a repository and a role
# (trial.yaml), the image in the repository, and aws-trial.yaml, which the verbs of
# `synthhealth aws` read. From the root of a checkout, with the AWS command line and Docker:
#
#   bash deploy/sagemaker/trial.sh
#
# For data that belong to nobody. docs/aws.md says how a hospital does it.
set -euo pipefail

stack=synthhealth-trial
here="$(dirname "${BASH_SOURCE[0]}")"
cpu=https://download.pytorch.org/whl/cpu # PyTorch's builds for processors

aws cloudformation deploy --template-file "$here/trial.yaml" --stack-name "$stack" \
    --capabilities CAPABILITY_IAM

output() {
    aws cloudformation describe-stacks --stack-name "$stack" --output text \
        --query "Stacks[0].Outputs[?OutputKey=='$1'].OutputValue"
}
image="$(output Image)"
bucket="$(output Bucket)"

docker build -f "$here/Dockerfile" --target sagemaker --build-arg TORCH_INDEX="$cpu" \
    -t "$image" "$here/../.."
aws ecr get-login-password | docker login --username AWS --password-stdin "${image%%/*}"
docker push "$image"

cat >aws-trial.yaml <<END
image: $image
role: $(output Role)
allow_default_key: true
allow_no_vpc: true
END
echo "wrote aws-trial.yaml; your bucket is $bucket"
