import { text } from '../params.ts'
import { postJson } from './post-json.ts'
import type { Sender } from './table.ts'

/** Slack takes 3,000 letters in a section and 150 in a header. */
const longestSection = 2_900
const longestHeader = 150

/** To an incoming webhook of Slack: `webhook` is its address. */
export const sendSlack: Sender = (params, message, context) =>
  postJson(
    text(params, 'webhook'),
    {
      text: `${message.title}\n${message.text}`.slice(0, longestSection),
      blocks: [
        { type: 'header', text: { type: 'plain_text', text: message.title.slice(0, longestHeader) } },
        { type: 'section', text: { type: 'mrkdwn', text: escapeSlack(message.text).slice(0, longestSection) || ' ' } },
      ],
    },
    context,
  )

/** Slack's own three letters; whatever a run is called mentions nobody. */
const escapeSlack = (written: string): string => written.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** To a workflow of Microsoft Teams: `webhook` is its address. An adaptive card. */
export const sendTeams: Sender = (params, message, context) =>
  postJson(
    text(params, 'webhook'),
    {
      type: 'message',
      attachments: [
        {
          contentType: 'application/vnd.microsoft.card.adaptive',
          contentUrl: null,
          content: {
            $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
            type: 'AdaptiveCard',
            version: '1.2',
            body: [
              { type: 'TextBlock', size: 'Medium', weight: 'Bolder', text: message.title, wrap: true },
              ...message.text.split('\n').map((line) => ({ type: 'TextBlock', text: line, wrap: true, spacing: 'Small' })),
            ],
          },
        },
      ],
    },
    context,
  )
